/*
 * Accounts and their catalog in real Chromium: connecting by OAuth through the page of Klaviyo's stand-in and
 * back, with a daemon of its own that has an app; the feed's address; finding by title.
 */
"use strict";

const assert = require("assert");
const { spawn, spawnSync } = require("child_process");
const fs = require("fs");
const path = require("path");
const { PASSWORD } = require("./admin_world.js");
const { until } = require("./town.js");

const OWNER = "connect@shop.example";

class OAuthWorld {
	constructor(world) {
		this.data = path.join(world.folder, "oauth");
		this.sandbox = world.admin.sandbox;
		fs.mkdirSync(this.data, { recursive: true });
	}

	file(name, text) {
		fs.writeFileSync(path.join(this.data, name), text, { mode: 0o600 });
		return path.join(this.data, name);
	}

	run(...words) {
		const ran = spawnSync(process.env.PANNIER_BIN, [...words, "--data", this.data], { encoding: "utf8" });

		assert.strictEqual(ran.status, 0, words.join(" ") + ": " + ran.stderr);
		return ran.stdout;
	}

	async start() {
		let said = "";

		this.run("user", "add", OWNER, "--role", "owner", "--password-file", this.file("password", PASSWORD));
		this.child = spawn(process.env.PANNIER_BIN, ["serve", "--data", this.data, "--listen", "127.0.0.1:0",
			"--klaviyo-client-id", "sandbox-app", "--klaviyo-client-secret-file",
			this.file("app-secret", "sandbox-app-secret")], { stdio: ["ignore", "pipe", "inherit"] });
		this.child.stdout.on("data", (text) => said += text);
		this.url = (await until(() => /listening on (http:\S+)/.exec(said), "the daemon listens"))[1];
	}

	async end() {
		const ended = new Promise((done) => this.child.on("exit", done));

		this.child.kill("SIGTERM");
		await ended;
	}
}

/* With neither stores nor accounts a screen leads to the store, and that to the account. */
async function fromNothing(page, own) {
	await page.goto(own.url + "/admin/sync");
	await page.getByRole("link", { name: "Add store" }).click();
	await page.getByText("Connect a Klaviyo account first").waitFor();
	await page.getByRole("link", { name: "Connect Klaviyo" }).click();
	await page.getByRole("heading", { name: "Connect with Klaviyo" }).waitFor();
}

async function begin(page, own) {
	await page.goto(own.url + "/admin/connect");
	await page.getByText("Use a different API address").click();
	await page.getByPlaceholder("https://a.klaviyo.com").fill(own.sandbox);
	await page.getByRole("button", { name: "Connect with Klaviyo" }).click();
	await page.getByRole("heading", { name: "Connect an app?" }).waitFor();
}

/* Who may change settings sees where Klaviyo reads the catalog, and gives it another address. */
async function readAsFeed(page, own, account) {
	own.run("account", "set", account, "catalog_source=feed");
	own.run("store", "add", "shop", "--platform", "generic", "--account", account, "--secret-file",
		own.file("secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
	await page.goto(own.url + "/admin/catalog");
	const address = page.locator("#feed code").first();

	await address.waitFor();
	const before = await address.textContent();

	assert((await fetch(before)).ok);
	await page.locator("#feed").getByRole("button", { name: "Change address" }).click();
	await page.locator("dialog").getByRole("button", { name: "Change address" }).click();
	await page.getByText("The address was changed").waitFor();
	await until(async () => await address.textContent() !== before, "the other address is shown");
	await until(async () => (await fetch(before)).status === 404, "the old one is gone");
	assert((await fetch(await address.textContent())).ok);
}

const oauth_tests = {
	/* By a word of its title in any writing, whatever the case, and by the SKU of a variant. */
	async admin_finds_by_title(world, visit) {
		const page = visit.page, send = (data) => world.admin.send({ type: "product.updated", data });

		await send({ id: "found-1", title: "مطحنة قهوة Grüne Mühle", price: "1.00", currency: "EUR",
			variants: [{ id: "found-1-a", sku: "FIND-ME-77", price: "1.00", currency: "EUR" }] });
		world.admin.addUser("finder@shop.example", "viewer");
		await world.admin.signIn(page, "finder@shop.example");
		for (const text of ["مطحنة", "GRÜNE", "find-me-7", "found-1"]) {
			await page.goto(`${world.admin.url}/admin/catalog?store=demo-generic`);
			await page.getByLabel("Title, SKU or ID contains").fill(text);
			await page.locator("#browse").getByRole("button", { name: "Find" }).click();
			await page.locator("#browse").getByRole("link", { name: /Grüne Mühle/ }).waitFor();
			assert.strictEqual(await page.locator("#browse .stores li").count(), 1, text);
		}
		await page.getByLabel("Title, SKU or ID contains").fill("no such thing");
		await page.locator("#browse").getByRole("button", { name: "Find" }).click();
		await page.getByText("No matches").waitFor();
		assert.strictEqual(await page.locator("#feed").count(), 0);
		assert.deepStrictEqual(visit.complaints, []);
	},

	/* The story of a product that left in a bulk job: with whom, and the whole request. */
	async admin_shows_the_whole_request(world, visit) {
		const page = visit.page, ids = Array.from({ length: 30 }, (_, i) => `batch-${i}`);

		await world.admin.send(ids.map((id) => ({
			type: "product.updated", data: { id, title: "Batch mug", price: "1.00", currency: "EUR" }
		})));
		world.admin.addUser("batch@shop.example", "operator");
		await world.admin.signIn(page, "batch@shop.example");
		const fold = page.locator("details.fold").filter({ hasText: /in this request/ }).first();

		await until(async () => {
			await page.goto(`${world.admin.url}/admin/story/batch-7?store=demo-generic&kind=product`);
			await page.getByRole("heading", { level: 1 }).waitFor();
			await page.locator("details.fold").first().waitFor({ timeout: 3000 }).catch(() => {});
			return await fold.count() > 0;
		}, "the story says that it left with others");
		await fold.locator("summary").first().click();
		await fold.getByText(/\d+ items in this request/).click();
		const others = await fold.locator(".members li a").count();

		assert(others > 1);
		await fold.getByText("The request to Klaviyo").click();
		await fold.getByRole("button", { name: /Show full request with all/ }).click();
		const request = fold.locator("details").filter({ hasText: "The request to Klaviyo" }).last();

		await until(async () => new Set((await request.textContent()).match(/batch-\d+/g)).size > 1,
			"the request is shown with the others");
		assert.deepStrictEqual(visit.complaints, []);
	},

	/* No, yes, and the address keeps neither code nor state; ended by Klaviyo, said, and connected again. */
	async admin_connects_by_oauth(world, visit) {
		const page = visit.page, own = new OAuthWorld(world);

		await own.start();
		try {
			await page.goto(own.url + "/admin/connect");
			await page.getByLabel("Name").fill(OWNER);
			await page.getByLabel("Password").fill(PASSWORD);
			await page.getByRole("button", { name: "Sign in" }).click();
			await page.getByRole("heading", { name: "Connect with Klaviyo" }).waitFor();
			await fromNothing(page, own);
			await begin(page, own);
			await page.getByRole("link", { name: "Deny" }).click();
			await page.getByText("Klaviyo was not allowed to connect").waitFor();
			await page.getByRole("link", { name: "Start again" }).click();
			await begin(page, own);
			await page.getByRole("link", { name: "Allow" }).click();
			await page.getByText("Connected", { exact: true }).waitFor();
			assert.strictEqual(new URL(page.url()).search, "");
			const [account] = JSON.parse(own.run("account", "list", "--json"));

			assert.strictEqual(account.oauth, true);
			await page.goto(`${own.url}/admin/settings/accounts/${account.name}`);
			await page.getByText("The connection renews itself").waitFor();
			await page.getByRole("button", { name: "Reconnect" }).click();
			await page.getByRole("link", { name: "Allow" }).click();
			await page.getByRole("link", { name: "View account" }).waitFor();
			assert.strictEqual(JSON.parse(own.run("account", "list", "--json")).length, 1);
			await readAsFeed(page, own, account.name);
			/* What the browser says of the answer 409 is what was asked for. */
			assert.deepStrictEqual(visit.complaints.filter((text) => !/409/.test(text)), []);
		} finally {
			await own.end();
		}
	}
};

module.exports = { oauth_tests };
