/*
 * The screen of syncs: a shop is asked, which is tried first, paused, and goes on after the daemon was killed; a file
 * is sent. A daemon of its own, because it is killed; Klaviyo is the demo's stand-in.
 */
"use strict";

const assert = require("assert");
const { spawn, spawnSync } = require("child_process");
const fs = require("fs");
const http = require("http");
const path = require("path");
const { PASSWORD } = require("./admin_world.js");
const { until } = require("./town.js");

const OWNER = "sync@shop.example";
const PER_PAGE = 20, PAGES = 12;

/* A shop with pages of products, which gives only as many as it is let. */
class PagedShop {
	async start() {
		this.allowed = 1;
		this.asked = [];
		this.waiting = [];
		this.server = http.createServer((request, answer) => this.ask(request, answer));
		await new Promise((done) => this.server.listen(0, "127.0.0.1", done));
		this.url = "http://127.0.0.1:" + this.server.address().port;
	}

	ask(request, answer) {
		const page = Number(new URL(request.url, this.url).searchParams.get("page"));

		this.asked.push(page);
		this.waiting.push({ page, answer });
		this.allow(this.allowed);
	}

	/* Pages up to this one are answered from now on. */
	allow(page) {
		this.allowed = page;
		this.waiting = this.waiting.filter((one) => {
			if (one.page > page)
				return true;
			one.answer.writeHead(200, { "Content-Type": "application/json" });
			one.answer.end(JSON.stringify({
				total: PAGES * PER_PAGE, data: one.page > PAGES ? [] : this.items(one.page)
			}));
			return false;
		});
	}

	items(page) {
		return Array.from({ length: PER_PAGE }, (_, i) =>
			({ id: `p${page}-${i}`, title: "Mug", price: "1.00", currency: "EUR" }));
	}

	stop() {
		this.server.closeAllConnections();
		this.server.close();
	}
}

class SyncWorld {
	constructor(world) {
		this.data = path.join(world.folder, "sync");
		this.sandbox = world.admin.sandbox;
		this.address = "127.0.0.1:0";
	}

	run(...words) {
		const ran = spawnSync(process.env.PANNIER_BIN, [...words, "--data", this.data], { encoding: "utf8" });

		assert.strictEqual(ran.status, 0, words.join(" ") + ": " + ran.stderr);
		return ran.stdout;
	}

	file(name, text) {
		fs.mkdirSync(this.data, { recursive: true });
		fs.writeFileSync(path.join(this.data, name), text, { mode: 0o600 });
		return path.join(this.data, name);
	}

	setUp(shop) {
		this.run("account", "add", "main", "--key-file", this.file("key", "pk_" + "0".repeat(34)),
			"--set", "api_url=" + this.sandbox);
		this.run("store", "add", "shop", "--platform", "generic", "--account", "main", "--secret-file",
			this.file("secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
			"--set", `pull_products_url=${shop.url}/products?page={page}`, "--set", "pull_items=/data",
			"--set", "pull_total=/total",
			"--set", "pull_map_products=id=/id, title=/title, price=/price, currency=/currency",
			"--set", "pull_pages_per_minute=6000");
		this.run("user", "add", OWNER, "--role", "owner", "--password-file", this.file("password", PASSWORD));
	}

	async start() {
		let said = "";

		this.child = spawn(process.env.PANNIER_BIN,
			["serve", "--data", this.data, "--listen", this.address, "--outbound", "any"],
			{ stdio: ["ignore", "pipe", "inherit"] });
		this.child.stdout.on("data", (text) => said += text);
		this.url = (await until(() => /listening on (http:\S+)/.exec(said), "the daemon listens"))[1];
		this.address = new URL(this.url).host;
	}

	async end(signal) {
		const ended = new Promise((done) => this.child.on("exit", done));

		this.child.kill(signal);
		await ended;
	}

	imports() {
		return JSON.parse(this.run("import", "list", "--json"));
	}
}

async function signIn(page, world) {
	await page.goto(world.url + "/admin/sync");
	await page.getByLabel("Name").fill(OWNER);
	await page.getByLabel("Password").fill(PASSWORD);
	await page.getByRole("button", { name: "Sign in" }).click();
	await page.getByRole("heading", { name: "Import from the shop" }).waitFor();
}

async function tryAndBegin(page) {
	await page.getByRole("button", { name: "Products", exact: true }).click();
	await page.locator("dialog").getByText(`${PAGES} requests to the shop`).waitFor();
	await page.locator("dialog").getByText(`${PAGES * PER_PAGE} items`).waitFor();
	/* 240 items in requests of 100, and the variant that each is shown with. */
	await page.locator("dialog").getByText("up to 6 requests to Klaviyo, about 0.1 min").waitFor();
}

async function killAndGoOn(page, world, shop) {
	await page.getByRole("button", { name: "Pause" }).click();
	await page.getByText("paused", { exact: true }).waitFor();
	await world.end("SIGKILL");
	await page.getByText("Pannier is not responding").first().waitFor();
	shop.allow(PAGES + 1);
	await world.start();
	await page.getByText("Pannier is not responding").first().waitFor({ state: "detached" });
	await page.getByText("paused", { exact: true }).waitFor();
	await page.getByRole("button", { name: "Resume" }).click();
	await page.getByText("done", { exact: true }).waitFor();
}

const tests = {
	/* Tried, begun, paused, killed, gone on with: every item once; no page that was taken in is asked for again. */
	async admin_sync_survives(world, visit) {
		const page = visit.page, shop = new PagedShop(), own = new SyncWorld(world);

		await shop.start();
		own.setUp(shop);
		await own.start();
		try {
			await signIn(page, own);
			await tryAndBegin(page);
			assert.deepStrictEqual(own.imports(), []); /* what is tried leaves nothing */
			assert.deepStrictEqual(shop.asked, [1]);
			shop.allow(3);
			await page.getByRole("button", { name: "Start import" }).click();
			await page.getByRole("progressbar", { name: "Progress: Products" }).waitFor();
			await until(() => own.imports()[0].read === 3 * PER_PAGE,
				() => "three pages are read: " + JSON.stringify(own.imports()));
			await killAndGoOn(page, own, shop);
			const done = own.imports()[0];

			assert.strictEqual(done.new, PAGES * PER_PAGE);
			assert.strictEqual(done.duplicate, 0);
			assert.deepStrictEqual(shop.asked.slice(1).filter((one) => one <= 3), [1, 2, 3]);
			assert.deepStrictEqual(visit.complaints, []);
		} finally {
			await own.end("SIGTERM");
			shop.stop();
		}
	},

	/* A file is sent from the screen and becomes an import, with what could not be read of it. */
	async admin_sends_a_file(world, visit) {
		const page = visit.page, file = path.join(world.folder, "history.ndjson");
		const price = { type: "price.changed", data: { product_id: "history-1", price: "2.00", currency: "EUR" } };

		fs.writeFileSync(file, `${JSON.stringify(price)}\nthis is no message\n`);
		world.admin.addUser("files@shop.example", "operator");
		await world.admin.signIn(page, "files@shop.example");
		await page.goto(world.admin.url + "/admin/sync");
		await page.locator("#upload").getByLabel("Store").selectOption("demo-generic");
		await page.locator("#upload").getByLabel("File").setInputFiles(file);
		await page.locator("#upload").getByLabel("Contents").selectOption("messages");
		await page.getByRole("button", { name: "Upload" }).click();
		await page.locator("#imports").getByText("done", { exact: true }).waitFor();
		await page.getByRole("button", { name: "Show unreadable rows" }).click();
		await page.locator(".rejects li").first().waitFor();
		assert.deepStrictEqual(visit.complaints, []);
	}
};

tests.admin_reconcile_and_replay = async (world, visit) => {
	const page = visit.page;

	world.admin.addUser("agree@shop.example", "operator");
	await world.admin.signIn(page, "agree@shop.example");
	await page.goto(world.admin.url + "/admin/sync");
	const name = page.getByRole("heading", { name: "demo-enad" });
	const store = page.locator("#reconcile li.import", { has: name });

	await store.getByRole("button", { name: "Compare now" }).click();
	await store.getByText(/Klaviyo matches the shop|difference/).first().waitFor();
	await store.getByRole("row", { name: /category/ }).waitFor();
	await page.locator("#replay").getByLabel("Store").selectOption("demo-generic");
	await page.getByRole("button", { name: "Preview" }).click();
	await page.getByText(/event: \d+/).waitFor();
	await page.locator("#replay").getByRole("button", { name: "Replay" }).click();
	await page.locator("dialog").getByRole("button", { name: "Replay" }).click();
	await page.locator("#replay").getByText("done", { exact: true }).waitFor();
	assert.strictEqual((await (await fetch(world.admin.sandbox + "/sandbox/violations")).json()).total, 0);
	assert.deepStrictEqual(visit.complaints, []);
};

module.exports = { sync_tests: tests };
