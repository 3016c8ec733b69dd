/*
 * Every switch changes what is sent, and nothing else does: each has a number of its own, and in pass p those are
 * on whose number has bit p. After each pass the stand-in for Klaviyo must have exactly what the switches that are
 * on stand for.
 */
"use strict";

const assert = require("assert");
const fs = require("fs");
const path = require("path");

const STORE = "switches", PREFIX = "sw-", PASSES = 5;
const OWNER = "switch@shop.example";

/* label, what the stand-in has when it is on (or off), what else has to be on for that */
const ROWS = [
	...["Placed Order", "Ordered Product", "Paid Order", "Partially Paid Order", "Fulfilled Order",
		"Partially Fulfilled Order", "Shipped Order", "Cancelled Order", "Refunded Order",
		"Partially Refunded Order", "Started Checkout", "Added to Cart", "Viewed Product", "Active on Site",
		"Viewed Category", "Searched Site"]
		.map((metric) => ({ label: metric.charAt(0) + metric.slice(1).toLowerCase(), seen: metric })),
	{ label: "Send customer profiles", seen: "profile" },
	{ label: "Use customer ID as external ID", seen: "external id", needs: "Send customer profiles" },
	{ label: "Send newsletter consent", seen: "consent" },
	{ label: "Hold back products without a price", seen: "product without a price", off: true }
];

const isOn = (i, pass) => ((i + 1) >> pass & 1) === 1;

function expected(pass) {
	const on = new Map(ROWS.map((row, i) => [row.label, isOn(i, pass)]));

	return ROWS.filter((row) => on.get(row.label) !== Boolean(row.off) && (!row.needs || on.get(row.needs)))
		.map((row) => row.seen).sort();
}

/* ---- what the shop says in a pass ---- */

const emailOf = (pass, who) => `${who}${pass}@switches-demo.net`;

function orderMessages(pass, email) {
	const line = { line_id: "1", product_id: "mug-1", name: "Mug", quantity: 2, unit_price: "5.00", row_total: "10.00" };
	const lines = [line];
	const at = new Date().toISOString(), id = (n) => `o${pass}-${n}`;
	const placed = (n) => ({
		type: "order.placed",
		data: { order_id: id(n), placed_at: at, currency: "EUR", total: "10.00", customer: { email }, lines }
	});
	const then = (n, type, data) => ({ type: "order." + type, data: { order_id: id(n), ...data } });

	return [placed(1), placed(2), placed(3), placed(4),
		then(1, "partially_paid", { payment: { id: "p1", amount: "5.00", at } }),
		then(1, "partially_fulfilled", { shipment: { id: "s1", at, lines: [{ line_id: "1", quantity: 1 }] } }),
		then(1, "partially_refunded", { refund: { id: "r1", amount: "2.00", at } }),
		then(2, "paid", { paid_at: at, amount: "10.00" }),
		then(2, "fulfilled", { fulfilled_at: at }), then(3, "cancelled", { cancelled_at: at }),
		then(4, "refunded", { refunded_at: at, amount: "10.00" })];
}

function visitMessages(pass, email) {
	const visitor = { anonymous_id: `v${pass}` };
	const cart = {
		cart_id: `c${pass}`, currency: "EUR", total: "10.00",
		lines: [{ line_id: "1", product_id: "mug-1", quantity: 1 }],
		added: { line_id: "1", product_id: "mug-1", quantity: 1 }
	};
	const say = (type, data) => ({
		id: `${type}-${pass}`, type: "storefront." + type, data: { ...visitor, ...data }
	});

	return [say("identified", { email }), say("active", { page_url: "https://shop.example/" }),
		say("product_viewed", { product: { product_id: "mug-1", price: "5.00", currency: "EUR" } }),
		say("category_viewed", { category: { id: "kitchen", name: "Kitchen" } }),
		say("searched", { search: { term: "mug", results: 1 } }),
		say("cart_changed", { cart }), say("checkout_started", { cart })];
}

function otherMessages(pass) {
	const email = emailOf(pass, "customer"), subscriber = emailOf(pass, "subscriber"), now = new Date().toISOString();

	return [
		{
			type: "customer.upserted",
			data: { customer_id: `c-${pass}`, email, first_name: "Ada", updated_at: now }
		},
		{
			type: "consent.changed",
			data: { email: subscriber, channel: "email", state: "subscribed", at: now }
		},
		{
			type: "product.upserted",
			data: { product_id: `np${pass}`, title: "No price", url: "https://shop.example/np", sku: `NP${pass}` }
		}
	];
}

/* ---- what has arrived ---- */

const ask = async (world, what) => (await fetch(world.admin.sandbox + "/sandbox/" + what)).json();

async function asked(world) {
	const { accounts } = await ask(world, "people");

	return accounts.reduce((sum, row) => sum + row.counts.subscribed + row.counts.confirmations_asked, 0);
}

async function arrived(world, pass, askedBefore) {
	const { events } = await ask(world, "events?limit=1000");
	const { profiles } = await ask(world, "profiles?limit=1000");
	const { accounts } = await ask(world, "state"), email = emailOf(pass, "buyer");
	const seen = new Set(events.filter((row) => row.email === email).map((row) => row.metric));
	const profile = profiles.find((row) => row.email === emailOf(pass, "customer"));

	if (profile)
		seen.add("profile");
	if (profile && profile.external_id)
		seen.add("external id");
	if (await asked(world) > askedBefore)
		seen.add("consent");
	if (accounts.some((row) => row.items.some((item) => item.external_id === PREFIX + "np" + pass)))
		seen.add("product without a price");
	return [...seen].sort();
}

/* ---- the switches ---- */

async function turn(page, pass) {
	for (const [i, row] of ROWS.entries()) {
		const one = page.getByRole("switch", { name: row.label, exact: true });

		if ((await one.getAttribute("aria-checked") === "true") !== isOn(i, pass))
			await one.click();
	}
	await page.getByRole("button", { name: "Review and save" }).click();
	await page.locator("dialog .changes").waitFor();
	await page.getByRole("button", { name: "Save", exact: true }).click();
	await page.locator("dialog").waitFor({ state: "detached" });
}

function setUp(world) {
	const secret = path.join(world.admin.folder, "generic-secret.txt");

	assert(fs.existsSync(secret));
	world.admin.run("store", "add", STORE, "--platform", "generic", "--account", "demo", "--secret-file", secret,
		"--set", "id_prefix=" + PREFIX, "--set", "product_wait_ms=0", "--set", "quiet_ms=50", "--set", "list=Switches");
	world.admin.addUser(OWNER, "operator");
}

const tests = {
	async admin_every_switch(world, visit) {
		const page = visit.page;

		setUp(world);
		await world.admin.signIn(page, OWNER);
		await page.goto(`${world.admin.url}/admin/settings/stores/${STORE}`);
		await page.getByRole("switch").first().waitFor();
		for (let pass = 0; pass < PASSES; pass++) {
			const email = emailOf(pass, "buyer"), before = await asked(world);
			const messages = [...orderMessages(pass, email), ...visitMessages(pass, email), ...otherMessages(pass)];

			await turn(page, pass);
			for (const message of messages)
				await world.admin.send(message, STORE);
			world.admin.run("wait", "--idle");
			assert.deepStrictEqual(await arrived(world, pass, before), expected(pass), "pass " + pass);
		}
		assert.deepStrictEqual(visit.complaints, []);
	}
};

module.exports = { switch_tests: tests };
