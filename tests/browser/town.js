/*
 * What the browser tests need around the browser: a daemon with its stores, and a shop that serves plain pages under a strict
 * Content-Security-Policy. Everything listens on 127.0.0.1 alone.
 */
"use strict";

const { spawn, spawnSync } = require("child_process");
const fs = require("fs");
const http = require("http");
const os = require("os");
const path = require("path");

const PUBLIC_KEY = "AbC123";
/* Long: it ends what would never come, however busy the machine is. */
const DEADLINE_MS = 90000;

/* Waits for a condition, with a deadline; gives what the condition gave. */
async function until(condition, what) {
	const end = Date.now() + DEADLINE_MS;

	for (;;) {
		const value = await condition();

		if (value)
			return value;
		if (Date.now() > end)
			throw new Error("waited in vain until " + (typeof what === "function" ? await what() : what));
		await new Promise((done) => setTimeout(done, 20));
	}
}

/* ---- the daemon ---- */

class Daemon {
	constructor(program, folder) {
		this.program = program;
		this.data = path.join(folder, "data");
		this.folder = folder;
	}

	async start() {
		let said = "";

		this.child = spawn(this.program, ["serve", "--data", this.data, "--listen", "127.0.0.1:0"],
			{ stdio: ["ignore", "pipe", "inherit"] });
		this.child.stdout.on("data", (text) => said += text);
		this.url = (await until(() => /listening on (http:\S+)/.exec(said), "the daemon listens"))[1];
	}

	run(...words) {
		const ran = spawnSync(this.program, [...words, "--data", this.data], { encoding: "utf8" });

		if (ran.status !== 0)
			throw new Error("pannier " + words.join(" ") + ": " + ran.stderr);
	}

	file(name, text) {
		const file = path.join(this.folder, name);

		fs.writeFileSync(file, text, { mode: 0o600 });
		return file;
	}

	addAccount() {
		this.run("account", "add", "main", "--key-file", this.file("key", "pk_0123456789abcdef"),
			"--set", "public_key=" + PUBLIC_KEY, "--set", "api_url=http://127.0.0.1:1");
	}

	addStore(name, settings) {
		const set = Object.keys(settings).flatMap((key) => ["--set", key + "=" + settings[key]]);

		this.run("store", "add", name, "--platform", "generic", "--account", "main", "--secret-file",
			this.file("secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), ...set);
	}

	/* A counter of /metrics. */
	async count(name) {
		const text = await (await fetch(this.url + "/metrics")).text();
		const found = new RegExp("^pannier_" + name + "_total (\\d+)$", "m").exec(text);

		return found ? Number(found[1]) : 0;
	}

	/* Events committed so far. */
	events() {
		return this.count("beacon_events");
	}

	async stop() {
		const ended = new Promise((done) => this.child.on("exit", done));

		this.child.kill("SIGTERM");
		return ended;
	}
}

/* ---- the shop ---- */

function attribute(value) {
	return JSON.stringify(value).replace(/&/g, "&amp;").replace(/'/g, "&#39;");
}

const PRODUCT = {
	product_id: "1112", sku: "TALEOFTWO", name: "A Tale of Two Cities", brand: "Harcourt Classics",
	categories: ["Fiction", "Classics"], price: 19.99, compare_at_price: 24.99
};

function product(origin) {
	return Object.assign({ image_url: origin + "/two.png", url: origin + "/two" }, PRODUCT);
}

function cart(origin, quantity) {
	return {
		cart_id: "1000123", currency: "USD", total: Number((9.99 + quantity * 19.99).toFixed(2)),
		recover_url: origin + "/cart",
		items: [
			{ product_id: "1111", sku: "WINNIEPOOH", name: "Winnie the Pooh", quantity: 1, price: 9.99,
				categories: ["Fiction", "Children"], url: origin + "/pooh", image_url: origin + "/pooh.png" },
			Object.assign({ quantity: quantity }, product(origin))
		].slice(0, quantity > 0 ? 2 : 1)
	};
}

/* The pages: what stands in the body. */
const pages = {
	empty: () => "<p>Nothing here</p>",
	product: (origin) => `<main data-pannier-product='${attribute(product(origin))}'></main>`,
	customer: () => "<main data-pannier-identify='{\"email\":\"Ann@Shop.example\"}'></main>",
	jsonld: () => `<script type="application/ld+json">${JSON.stringify({
		"@context": "https://schema.org",
		"@graph": [{ "@type": "BreadcrumbList" }, {
			"@type": "Product", productID: "77", sku: "S77", name: "Pot", brand: { "@type": "Brand", name: "B" },
			image: ["https://cdn.example/pot.png"], offers: [{ "@type": "Offer", price: "12.50", priceCurrency: "EUR" }]
		}]
	})}</script>`,
	cart: (origin, query) => `<main data-pannier-cart='${attribute(cart(origin, Number(query.get("quantity"))))}'></main>`,
	checkout: (origin) => `<main data-pannier-checkout='${attribute(cart(origin, 1))}'></main>`,
	early: () => "<script src=\"/early.js\"></script>",
	object: () => "<script src=\"/object.js\"></script>",
	leave: () => "<script src=\"/leave.js\" defer></script>"
};

const scripts = {
	"/early.js": "window.pannier = window.pannier || [];" +
		"window.pannier.push(['identify', {email: 'ann@shop.example'}]);" +
		"window.pannier.push(['category', {id: '7', name: 'Books'}]);" +
		"window.pannier.push(['search', {term: 'tale', results: 3}]);",
	"/object.js": "window.pannier = { product: { product_id: '5', name: 'Five' } };",
	/* Behind the storefront's script: tells something and is gone in the same breath. */
	"/leave.js": "pannier.push(['product', { product_id: 'gone', name: 'Gone' }]); location.href = '/empty?store=none';"
};

class Shop {
	async start(daemon) {
		this.daemon = daemon;
		this.server = http.createServer((request, answer) => this.answer(request, answer));
		await new Promise((done) => this.server.listen(0, "127.0.0.1", done));
		this.origin = "http://127.0.0.1:" + this.server.address().port;
	}

	policy() {
		return ["default-src 'none'", `script-src 'self' ${this.daemon.url} https://static.klaviyo.com`,
			`connect-src ${this.daemon.url}`, "img-src 'self'", "base-uri 'none'", "form-action 'none'",
			"require-trusted-types-for 'script'", "trusted-types 'none'"].slice(0, this.trusted ? 8 : 6).join("; ");
	}

	answer(request, answer) {
		const url = new URL(request.url, this.origin), page = pages[url.pathname.slice(1)];

		if (scripts[url.pathname]) {
			answer.writeHead(200, { "Content-Type": "text/javascript" });
			answer.end(scripts[url.pathname]);
		} else if (page) {
			answer.writeHead(200, { "Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": this.policy() });
			answer.end(this.html(page(this.origin, url.searchParams), url.searchParams.get("store")));
		} else {
			answer.writeHead(204);
			answer.end();
		}
	}

	html(body, store) {
		const tag = store === "none" ? "" : `<script src="${this.daemon.url}/s/${store}.js" data-pannier defer></script>`;

		return `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Shop</title>${tag}</head><body>${body}</body></html>`;
	}

	stop() {
		this.server.closeAllConnections();
		return new Promise((done) => this.server.close(done));
	}
}

function newFolder() {
	return fs.mkdtempSync(path.join(os.tmpdir(), "pannier-browser-"));
}

module.exports = { Daemon, Shop, DEADLINE_MS, until, newFolder, product, cart, PUBLIC_KEY };
