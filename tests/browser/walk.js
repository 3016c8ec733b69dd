/*
 * The demo's shop, walked through as a person would: look, fill the cart, order; and what has reached Klaviyo's stand-in.
 */
"use strict";

const assert = require("assert");
const { spawn } = require("child_process");
const path = require("path");
const { until } = require("./town.js");

/* What reaches Klaviyo: seen, category, put in, checkout, active; order and its product; a profile and its consent. */
const DELIVERIES = 9;

async function count(url, name) {
	const text = await (await fetch(url + "/metrics")).text();

	return Number(new RegExp("^pannier_" + name + "_total (\\d+)$", "m").exec(text)[1]);
}

async function startDemo(folder) {
	const demo = { said: "" };

	demo.child = spawn(process.env.PANNIER_BIN, ["demo", "--data", path.join(folder, "demo"), "--listen", "127.0.0.1:0",
		"--sandbox-listen", "127.0.0.1:0", "--shop-listen", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "inherit"] });
	demo.child.stdout.on("data", (text) => demo.said += text);
	await until(() => /Running until/.test(demo.said), () => "the demo runs; it said " + demo.said);
	demo.shop = /(http:\S+)\/ +the shop/.exec(demo.said)[1];
	demo.sandbox = /(http:\S+)\/ +what the stand-in/.exec(demo.said)[1];
	demo.daemon = /(http:\S+)\/metrics/.exec(demo.said)[1];
	return demo;
}

async function walk(visit, shop) {
	const page = visit.page;

	await page.goto(shop + "/");
	await page.click("#consent-yes");
	await page.click("#to-mug-1-blue");
	await page.click("#add");
	await page.click("#to-checkout");
	await page.fill("[name=first_name]", "Ann");
	await page.fill("[name=last_name]", "Smith");
	await page.fill("[name=email]", "ann@example.com");
	await page.check("[name=newsletter]");
	await page.click("#order button");
	await page.waitForSelector("#number");
}

async function demo_walk(world, visit) {
	const demo = await startDemo(world.folder);

	try {
		const before = await count(demo.daemon, "deliveries_accepted");

		await walk(visit, demo.shop);
		await until(async () => await count(demo.daemon, "deliveries_accepted") - before >= DELIVERIES,
			async () => DELIVERIES + " are accepted; there are " +
				(await count(demo.daemon, "deliveries_accepted") - before));
		assert.strictEqual(await count(demo.daemon, "messages_failed"), 0);
		assert.strictEqual(await count(demo.daemon, "deliveries_failed"), 0);
		assert.strictEqual((await (await fetch(demo.sandbox + "/sandbox/violations")).json()).total, 0);
		assert.deepStrictEqual(visit.complaints, []);
	} finally {
		demo.child.kill("SIGTERM");
		await new Promise((done) => demo.child.on("exit", done));
	}
}

module.exports = { demo_walk };
