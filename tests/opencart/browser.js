/* One visitor of the shop, be it the merchant or a customer: cookies, forms, and what the shop answered. */
"use strict";

class Visitor {
	constructor(url) {
		this.url = url;
		this.cookies = new Map();
	}

	async request(method, address, body) {
		let url = new URL(address, this.url).href;

		for (let hops = 0; hops < 8; hops++) {
			const answer = await fetch(url, {
				method, body, redirect: "manual",
				headers: { Cookie: [...this.cookies].map(([name, value]) => name + "=" + value).join("; "), "X-Requested-With": "XMLHttpRequest" }
			});

			for (const cookie of answer.headers.getSetCookie()) {
				const [pair] = cookie.split(";"), at = pair.indexOf("=");

				this.cookies.set(pair.slice(0, at), pair.slice(at + 1));
			}
			this.status = answer.status;
			this.at = url;
			if (answer.status < 300 || answer.status > 399)
				return answer.text();
			await answer.text();
			url = new URL(answer.headers.get("location"), url).href;
			method = "GET";
			body = undefined;
		}
		throw new Error("too many redirects: " + url);
	}

	get(address) {
		return this.request("GET", address);
	}

	/* fields: {name: value}; nested objects and lists become name[key]. */
	async post(address, fields) {
		return this.request("POST", address, Visitor.form(fields));
	}

	/* The same where JSON is answered; what the shop calls an error is one. */
	async send(address, fields) {
		const text = await this.post(address, fields);
		let answer;

		try {
			answer = JSON.parse(text);
		} catch (error) {
			throw new Error(address + " answered " + this.status + ": " + text.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ").slice(0, 300));
		}
		if (answer.error && (typeof answer.error !== "object" || Object.keys(answer.error).length))
			throw new Error(address + ": " + JSON.stringify(answer.error));
		return answer;
	}

	static form(fields) {
		const form = new URLSearchParams();

		(function add(prefix, value) {
			if (value !== null && typeof value === "object")
				for (const [key, inner] of Object.entries(value))
					add(prefix === "" ? key : prefix + "[" + key + "]", inner);
			else
				form.append(prefix, String(value));
		})("", fields);
		return form;
	}
}

module.exports = { Visitor };
