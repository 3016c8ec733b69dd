/*
 * The screens over the daemon's own TLS, with a certificate made for the test: the way in, its cookie, and what is live. A daemon of
 * its own, and a browser that takes a certificate nobody signed.
 */
"use strict";

const assert = require("assert");
const { spawn, spawnSync } = require("child_process");
const fs = require("fs");
const path = require("path");
const { PASSWORD } = require("./admin_world.js");
const { Visit } = require("./visit.js");
const { until } = require("./town.js");

const OWNER = "tls@shop.example", COOKIE = "__Host-pannier";

class TlsWorld {
	constructor(world) {
		this.data = path.join(world.folder, "tls");
		fs.mkdirSync(this.data, { recursive: true });
	}

	path(name) {
		return path.join(this.data, name);
	}

	run(program, ...words) {
		const ran = spawnSync(program, words, { encoding: "utf8" });

		assert.strictEqual(ran.status, 0, [program, ...words].join(" ") + ": " + ran.stderr);
	}

	pannier(...words) {
		this.run(process.env.PANNIER_BIN, ...words, "--data", this.data);
	}

	setUp() {
		this.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
			"-subj", "/CN=pannier.example", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", this.path("key.pem"),
			"-out", this.path("cert.pem"));
		fs.writeFileSync(this.path("password"), PASSWORD, { mode: 0o600 });
		fs.writeFileSync(this.path("secret"), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", { mode: 0o600 });
		fs.writeFileSync(this.path("klaviyo"), "pk_" + "0".repeat(34), { mode: 0o600 });
		this.pannier("account", "add", "main", "--key-file", this.path("klaviyo"), "--set", "api_url=http://127.0.0.1:1");
		this.pannier("store", "add", "shop", "--platform", "generic", "--account", "main", "--secret-file", this.path("secret"));
		this.pannier("user", "add", OWNER, "--role", "owner", "--password-file", this.path("password"));
	}

	async start() {
		let said = "";

		this.child = spawn(process.env.PANNIER_BIN, ["serve", "--data", this.data, "--listen", "127.0.0.1:0", "--tls-cert",
			this.path("cert.pem"), "--tls-key", this.path("key.pem")], { stdio: ["ignore", "pipe", "inherit"] });
		this.child.stdout.on("data", (text) => said += text);
		this.url = (await until(() => /listening on (https:\S+)/.exec(said), "the daemon listens by TLS"))[1];
	}

	async end() {
		const ended = new Promise((done) => this.child.on("exit", done));

		this.child.kill("SIGTERM");
		await ended;
	}
}

async function signIn(page) {
	await page.getByLabel("Name").fill(OWNER);
	await page.getByLabel("Password").fill(PASSWORD);
	await page.getByRole("button", { name: "Sign in" }).click();
	await page.getByRole("heading", { name: "Activity" }).waitFor();
}

/* The cookie goes by TLS alone, to this host alone, and no script reads it. */
async function assertCookie(page, url) {
	const cookies = await page.context().cookies(url), mine = cookies.find((row) => row.name === COOKIE);

	assert(mine, "the cookies are " + cookies.map((row) => row.name));
	assert.deepStrictEqual([mine.secure, mine.httpOnly, mine.sameSite, mine.path, mine.domain],
		[true, true, "Strict", "/", "127.0.0.1"]);
	assert.strictEqual(await page.evaluate(() => document.cookie), "");
}

const tests = {
	/* In, live, and out again: the session is over then, in the browser and at the daemon. */
	async admin_over_tls(world, visit) {
		const own = new TlsWorld(world);

		own.setUp();
		await own.start();
		const context = await visit.context.browser().newContext({ ignoreHTTPSErrors: true, locale: "en-GB" });
		const here = new Visit(world, context);

		try {
			await here.open("blocked");
			await here.page.goto(own.url + "/admin/activity");
			await signIn(here.page);
			await assertCookie(here.page, own.url);
			/* A change beside the daemon is shown without anybody asking for it. */
			assert.strictEqual(await here.page.getByRole("link", { name: /live-over-tls/ }).count(), 0);
			fs.writeFileSync(own.path("message.json"),
				JSON.stringify({ type: "price.changed", data: { product_id: "live-over-tls", price: "1.00", currency: "EUR" } }));
			own.pannier("send", "shop", own.path("message.json"));
			await here.page.getByRole("link", { name: /live-over-tls/ }).first().waitFor();
			assert.strictEqual(await here.page.evaluate(() => performance.getEntriesByType("resource").every((row) => /^https:/.test(row.name))), true);
			await here.page.getByRole("button", { name: "Sign out" }).click();
			await here.page.getByRole("heading", { name: "Sign in to Pannier" }).waitFor();
			assert.strictEqual((await context.cookies(own.url)).some((row) => row.name === COOKIE), false);
			assert.deepStrictEqual(here.complaints, []);
		} finally {
			await context.close();
			await own.end();
		}
	}
};

module.exports = { tls_tests: tests };
