/* What must not matter: Pannier away, the shop killed, messages twice and in the wrong order, clocks that are wrong, tables that are broken. */
"use strict";

const assert = require("assert");
const { Merchant } = require("./merchant.js");
const { Shopper } = require("./shopper.js");
const { agree, colours, passTime, dayOfSpecial } = require("./steps.js");
const { until } = require("./world.js");

/* What happens in the shop in some five minutes; i makes it another thing each time. */
async function fiveMinutes(world, i) {
	const { merchant, anna } = world, guest = new Shopper(world), email = `nacht${i}@muster.example`;

	await merchant.saveProduct({ name: "Made in the dark " + i, price: i + ".00" });
	await merchant.saveProduct(Object.assign({ name: "Shirt by night " + i, price: 20 + i + ".00", quantity: 50 }, colours(world)), world.shirt);
	await guest.addToCart(40, 1 + i % 2);
	await guest.guestDetails(email, i % 3 === 0);
	const order = await guest.pay();
	if (i % 4 === 1)
		await merchant.setStatus(order, 5);
	if (i % 4 === 2)
		await merchant.setStatus(order, 7);
	await anna.setNewsletter(i % 2 === 0);
}

/*
 * Pannier is away for an hour, in which the shop goes on: five minutes a round. The shop tries again ever more rarely, and by itself
 * when Pannier is there again.
 */
async function daemon_down(world) {
	const { merchant, db } = world, failures = () => Number(db.value("SELECT failures FROM oc_pannier_target")), rounds = 12;
	const ends = await merchant.saveProduct(Object.assign({ name: "Ends in the dark", price: "50.00" }, merchant.special("40.00", "2020-01-01", "2099-01-01")));

	await world.quiet();
	await world.daemon.stop();
	dayOfSpecial(world, ends, "date_end");
	await merchant.deleteProducts([world.special]);
	for (let i = 0; i < rounds; i++) {
		await fiveMinutes(world, i);
		passTime(world, 300);
	}
	await until(async () => (await (await fetch(world.flushUrl())).text(), failures() > 0), "the shop has noticed");
	const tries = failures(), waiting = world.waiting();
	assert.ok(waiting > 3 * rounds, waiting + " wait");
	await world.startPannier();
	passTime(world, 900); /* no try is further away than this */
	await new Shopper(world).visit("common/home");
	await until(() => failures() === 0, "the next visitor made the shop try again");
	await agree(world, "after the dark");
	return `${waiting} changes waited, ${tries} tries`;
}

/* PHP is killed at a random moment of a save, again and again. */
async function shop_killed(world) {
	const { merchant } = world;

	for (let i = 0; i < 6; i++) {
		const saving = merchant.saveProduct({ name: "Half " + i, price: "8.00" }).catch(() => null);
		const editing = merchant.saveProduct(Object.assign({ name: "Shirt " + i, price: 20 + i + ".00", quantity: 9 }, colours(world)), world.shirt).catch(() => null);

		await new Promise((done) => setTimeout(done, 30 + 40 * i));
		await world.php.stop("SIGKILL");
		await Promise.all([saving, editing]);
		await world.startPhp();
	}
	world.db.run("UPDATE oc_pannier_outbox SET due = UNIX_TIMESTAMP() WHERE done = 0 AND due > 0 AND (payload IS NULL OR payload <> 'planned')");
	/* A product without a description is not one that a merchant sees; OpenCart left it behind. */
	world.db.run("DELETE p FROM oc_product p LEFT JOIN oc_product_description d USING (product_id) WHERE d.product_id IS NULL");
	await agree(world, "after it was killed");
}

/* What was sent is sent again, and old rows arrive after new ones. */
async function repeated_and_reordered(world) {
	const { db } = world, newest = Number(db.value("SELECT MAX(outbox_id) FROM oc_pannier_outbox"));

	await world.merchant.saveProduct(Object.assign({ name: "Shirt now", price: "25.00", quantity: 9 }, colours(world)), world.shirt);
	await world.quiet();
	for (const [i, kind, entity] of [[1, "product", world.shirt], [2, "order", world.guestOrder], [3, "product", 40], [4, "category", 20]])
		db.run(`INSERT INTO oc_pannier_outbox SET outbox_id = ${newest - 100000 - i}, target_id = 1, kind = '${kind}', entity = '${entity}', at = UNIX_TIMESTAMP(), due = 0`);
	await Promise.all([1, 2, 3, 4].map(() => fetch(world.flushUrl()).then((answer) => answer.text())));
	await agree(world, "old numbers after new ones");
	await world.merchant.settings("send", { target_id: 1 });
	await agree(world, "all of it once more");
	const events = (await world.sandbox("events?unique_id=" + world.guestOrder + "&limit=100", "main")).events.map((event) => event.metric);
	assert.strictEqual(new Set(events).size, events.length, "nothing twice");
}

/* The shop's clock is a day ahead, then a day behind. */
async function wrong_clock(world) {
	if (require("child_process").spawnSync("faketime", ["--version"]).error)
		return "faketime is not installed";
	for (const clock of ["+1d", "-1d"]) {
		await world.php.stop();
		await world.startPhp(clock);
		world.merchant = new Merchant(world);
		await world.merchant.login();
		await world.merchant.saveProduct({ name: "Clock " + clock, price: "9.00" });
		const guest = new Shopper(world);
		await guest.addToCart(40, 1);
		await guest.guestDetails("uhr" + clock.replace(/\W/g, "") + "@muster.example", false);
		const order = await guest.pay();
		await world.merchant.setStatus(order, 5);
		world.db.run("UPDATE oc_pannier_outbox SET due = 0 WHERE done = 0 AND due > 0 AND payload IS NULL");
		await agree(world, "the clock is off by " + clock);
		assert.notStrictEqual(world.db.value("SELECT clock_offset FROM oc_pannier_target"), "0");
	}
	await world.php.stop();
	await world.startPhp();
	world.merchant = new Merchant(world);
	await world.merchant.login();
	return undefined;
}

/* The extension's own table is broken: saves, pages and orders go on, and what went wrong is on its settings page. */
async function broken_extension(world) {
	const { merchant, db } = world;

	await world.quiet();
	db.run("RENAME TABLE oc_pannier_outbox TO oc_pannier_gone");
	const id = await merchant.saveProduct({ name: "Saved all the same", price: "4.00" });
	assert.strictEqual(db.value("SELECT name FROM oc_product_description WHERE language_id = 1 AND product_id = " + id), "Saved all the same");
	const guest = new Shopper(world);
	assert.match(await guest.visit("product/product", "&product_id=40"), /<\/html>/);
	await guest.addToCart(40, 1);
	await guest.guestDetails("kaputt@muster.example");
	const order = await guest.pay();
	db.run("RENAME TABLE oc_pannier_gone TO oc_pannier_outbox");
	const { log } = await merchant.settings("status", {});
	assert.match(JSON.stringify(log), /pannier_outbox/);
	assert.ok(!JSON.stringify(log).includes("kaputt@muster.example"), "no addresses in it");
	await merchant.settings("send", { target_id: 1 });
	await merchant.setStatus(order, 2);
	await agree(world, "all was sent once more");
}

module.exports = { daemon_down, shop_killed, repeated_and_reordered, wrong_clock, broken_extension };
