/*
 * One visit of a browser: where it went, what the page sent, what the browser complained of. Nothing but 127.0.0.1 is reached.
 */
"use strict";

const assert = require("assert");
const fs = require("fs");
const path = require("path");
const { DEADLINE_MS, until } = require("./town.js");

const STUB = fs.readFileSync(path.join(__dirname, "klaviyo_stub.js"), "utf8");
const RULES = fs.readFileSync(path.join(__dirname, "adblock.txt"), "utf8").split("\n")
	.filter((line) => line && !line.startsWith("!"));
const AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36";
const FLAGS = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
	"--disable-component-update", "--disable-sync", "--disable-blink-features=AutomationControlled",
	"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"];

/* Would a blocker with these rules block it? "||host^": that host and those below; else a part of the address. */
function isBlocked(address) {
	const url = new URL(address);

	return RULES.some((rule) => {
		const host = /^\|\|(.*)\^$/.exec(rule);

		return host ? url.hostname === host[1] || url.hostname.endsWith("." + host[1]) : address.includes(rule);
	});
}

/* ---- one visit of a browser ---- */

class Visit {
	constructor(world, context) {
		this.world = world;
		this.context = context;
		this.sent = [];
		this.n_sent = 0;
		this.n_marks = 0;
		this.complaints = [];
		this.loaded = [];
	}

	/* klaviyo: "stub", "blocked" (by the rules), or undefined: nobody should ask for it. */
	async open(klaviyo) {
		this.context.setDefaultTimeout(DEADLINE_MS);
		await this.context.route(/klaviyo\.com/, (route) => {
			this.loaded.push(route.request().url());
			if (klaviyo === "stub")
				return route.fulfill({ contentType: "text/javascript", body: STUB });
			assert(isBlocked(route.request().url()));
			return route.abort("blockedbyclient");
		});
		this.page = await this.newPage();
	}

	async newPage() {
		const page = await this.context.newPage();

		page.on("console", (message) => {
			if (/Content Security Policy|Trusted/i.test(message.text()))
				this.complaints.push(message.text());
		});
		page.on("pageerror", (error) => this.complaints.push(String(error)));
		page.on("request", (request) => {
			if (request.method() !== "POST" || !request.url().endsWith("/events"))
				return;
			assert(!isBlocked(request.url()), "blockers would not like our address");
			this.note(JSON.parse(request.postData()).events);
		});
		return page;
	}

	/* An event whose answer was lost by leaving the page is sent again by the next one: the same event. */
	note(events) {
		this.sent.push(...events.filter((event) => !this.sent.some((known) => known.id === event.id)));
		this.n_sent += events.length;
	}

	async go(what, store) {
		await this.page.goto(`${this.world.shop.origin}/${what}${what.includes("?") ? "&" : "?"}store=${store}`);
		await this.quiet();
	}

	/*
	 * All that the page had queued to do at once is done, and noted here: what a browser tells of requests comes behind what a
	 * page answers, but in order, so a last request of ours is waited for.
	 */
	async quiet() {
		const address = `${this.world.daemon.url}/health/live?mark=${++this.n_marks}`;
		const seen = this.page.waitForRequest(address);

		await this.page.evaluate((to) => new Promise((done) => setTimeout(() => setTimeout(() => {
			window.fetch(to, { mode: "no-cors", keepalive: true }).catch(() => undefined);
			done();
		}, 0), 0)), address);
		await seen;
	}

	/* Waits until as many events were sent; they are these, and no others. */
	async told(types) {
		await until(() => this.sent.length >= types.length, () => "the page has told " + types + "; it told " + this.types());
		assert.deepStrictEqual(this.types(), types);
	}

	call(name, value) {
		return this.page.evaluate(([method, argument]) => window.pannier[method](argument), [name, value]);
	}

	types() {
		return this.sent.map((event) => event.type.replace("storefront.", ""));
	}

	find(type) {
		return this.sent.filter((event) => event.type === "storefront." + type);
	}

	stored() {
		return this.page.evaluate(() => Object.keys(window.localStorage).sort());
	}

	stubCalls(name) {
		return this.page.evaluate((method) => window.stubCalls.filter((call) => call[0] === method), name);
	}
}

module.exports = { Visit, AGENT, FLAGS };
