/* What the extension costs a shop, and how long a large one takes. These measure; that all is equal is the other scenarios' business. */
"use strict";

const assert = require("assert");
const net = require("net");
const { Shopper } = require("./shopper.js");
const { until, CONNECTION } = require("./world.js");

function median(list) {
	return [...list].sort((a, b) => a - b)[list.length >> 1];
}

async function timed(work) {
	const began = process.hrtime.bigint();

	await work();
	return Number(process.hrtime.bigint() - began) / 1e6;
}

/* ---- a save ---- */

/* Somebody who takes a connection at Pannier's port, and never says a word. */
function silence(port) {
	const sockets = new Set(), server = net.createServer((socket) => sockets.add(socket.on("error", () => {})));

	return new Promise((done) => server.listen(port, "127.0.0.1", () => done(() => {
		sockets.forEach((socket) => socket.destroy());
		return new Promise((closed) => server.close(closed));
	})));
}

/* Time of a save with Pannier there, not there, and mute, in turns; each begins when the shop has nothing else to do. */
async function cost_of_a_save(world) {
	const { merchant } = world, id = await merchant.saveProduct({ name: "Timed", price: "1.00" }), ms = { up: [], down: [], mute: [] };
	const save = async (state, i) => {
		world.db.run("UPDATE oc_pannier_target SET next_at = 0");
		ms[state].push(await timed(() => merchant.saveProduct({ name: "Timed " + i, price: "1.00" }, id)));
		if (state === "up")
			await world.quiet();
		else if (state === "down")
			await until(() => Number(world.db.value("SELECT next_at FROM oc_pannier_target")) > 0, "the shop has noticed");
	};

	await world.quiet();
	for (let round = 0; round < 8; round++) {
		for (let i = 0; i < 3; i++)
			await save("up", i);
		await world.daemon.stop();
		for (let i = 0; i < 3; i++)
			await save("down", i);
		const end = await silence(world.pannierPort);
		await save("mute", 0);
		await end();
		await world.startPannier();
		world.db.run("UPDATE oc_pannier_target SET next_at = 0");
		await world.quiet();
	}
	const said = Object.entries(ms).map(([state, list]) => `${median(list).toFixed(0)} ms ${state} (${list.length} saves, the fastest ${Math.min(...list).toFixed(0)} ms)`).join(", ");
	assert.ok(Math.max(...ms.mute) < 10000, "no save waited for Pannier: " + said);
	return "median of a save: " + said;
}

/* ---- a large shop ---- */

function numbers(n) {
	const digits = "(" + [...Array(10).keys()].map((digit) => "SELECT " + digit + " AS i").join(" UNION ") + ")";

	return `(SELECT a.i + 10 * b.i + 100 * c.i + 1000 * d.i + 10000 * e.i AS i FROM ${["a", "b", "c", "d", "e"].map((name) => digits + " " + name).join(", ")}) n WHERE i < ${n}`;
}

/* Copies one row of a table n times, with other values in some columns. */
function copy(db, table, change, where, n) {
	const columns = db.rows("SHOW COLUMNS FROM oc_" + table).filter((row) => row.Extra !== "auto_increment" || row.Field in change).map((row) => row.Field);

	db.run(`INSERT INTO oc_${table} (${columns.map((name) => "`" + name + "`").join(", ")}) SELECT ${columns.map((name) => change[name] || "t.`" + name + "`").join(", ")}
		FROM oc_${table} t, ${numbers(n)} AND ${where}`);
}

/* n products with a required option of three choices; n orders of as many days as that takes, of a customer for each four. */
async function enlarge(world, products, orders) {
	const { db } = world, guest = new Shopper(world);

	await guest.addToCart(40, 1);
	await guest.guestDetails("customer@muster.example");
	const order = await guest.pay();
	await world.quiet();
	for (const table of ["product", "product_description", "product_to_store", "product_to_category"])
		copy(db, table, { product_id: "100000 + i", ...(table === "product_description" ? { name: "CONCAT('Product ', i)" } : {}) },
			"t.product_id = 40" + (table === "product_description" ? " AND language_id = 1" : ""), products);
	db.run(`INSERT INTO oc_product_option (product_option_id, product_id, option_id, value, required) SELECT 1000000 + i, 100000 + i, 5, '', 1 FROM ${numbers(products)}`);
	db.run(`INSERT INTO oc_product_option_value (product_option_id, product_id, option_id, option_value_id, quantity, subtract, price, price_prefix, points, points_prefix, weight, weight_prefix)
		SELECT 1000000 + i, 100000 + i, 5, o.option_value_id, 10, 1, 1, '+', 0, '+', 0, '+' FROM (SELECT option_value_id FROM oc_option_value WHERE option_id = 5 ORDER BY 1 LIMIT 3) o, ${numbers(products)}`);
	copy(db, "order", { order_id: "100000 + i", customer_id: "0", email: "CONCAT('customer', FLOOR(i / 4), '@muster.example')", telephone: "''",
		date_added: "NOW() - INTERVAL i * 10 MINUTE" }, "t.order_id = " + order, orders);
	for (const table of ["order_product", "order_total", "order_history"])
		copy(db, table, { order_id: "100000 + i", ...(table === "order_history" ? { date_added: "NOW() - INTERVAL i * 10 MINUTE" } : {}) }, "t.order_id = " + order, orders);
}

/* What the shop does for one page that is pulled: rows its database looks at, statements, and time of a processor (of five asks). */
async function page_cost(world, kind, after, limit) {
	const counted = () => Object.fromEntries(world.db.rows("SHOW GLOBAL STATUS WHERE Variable_name LIKE 'Handler_read%' OR Variable_name = 'Questions'").map((row) => [row.Variable_name, Number(row.Value)]));
	const used = () => world.php.used().seconds + world.db.program.used().seconds, asks = 5;
	const before = counted(), page = await world.pull({ kind, after, limit }), now = counted(), began = used();
	const { Questions, ...handlers } = now;

	assert.strictEqual(page.status, 200);
	assert.ok(page.value.messages.length > limit / 2, `a page of ${kind} after ${after}: ${page.value.messages.length}`);
	for (let i = 0; i < asks; i++)
		await world.pull({ kind, after, limit });
	return { rows: Object.keys(handlers).reduce((sum, name) => sum + now[name] - before[name], 0), statements: Questions - before.Questions - 1,
		cpuMs: 1000 * (used() - began) / asks };
}

/* However far into the tables a page lies, it costs the shop what the first one costs. */
async function pages_stay_flat(world) {
	const { db } = world, [products, orders] = (process.env.SCALE || "2000,4000").split(",").map(Number), limit = 100, said = [];

	await enlarge(world, products, orders);
	db.run("DELETE FROM oc_pannier_outbox WHERE done = 0"); /* guards of earlier scenarios would take these products for theirs */
	for (const [kind, n] of [["products", products], ["orders", orders]]) {
		const cost = [];

		for (const part of [0, 0.5, 1])
			cost.push(await page_cost(world, kind, 100000 + Math.floor(part * (n - limit)) - 1, limit));
		for (const one of cost.slice(1))
			assert.ok(one.rows <= 1.3 * cost[0].rows && one.statements <= 1.3 * cost[0].statements, `${kind}: ${JSON.stringify(cost)}`);
		said.push(`${kind}: ` + cost.map((one) => `${one.statements} statements, ${one.rows} rows, ${one.cpuMs.toFixed(0)} ms of a processor`).join("; "));
	}
	return `pages of ${limit}, first, middle, last of ${products} products and ${orders} orders: ` + said.join(" | ");
}

/* Counters of the daemon. */
async function counter(world, name) {
	return Number(new RegExp("^pannier_" + name + "_total (\\d+)", "m").exec(await (await fetch(world.pannierUrl + "/metrics")).text())[1]);
}

/* The same asked for by Pannier, into an account that knows nothing: at as many pages a second, of 500. */
async function scale_pulled(world, pagesPerSecond) {
	const klaviyo = await counter(world, "klaviyo_requests"), pulls = await counter(world, "pull_requests"), began = Date.now();
	const php = world.php.used().seconds, sql = world.db.program.used().seconds, seconds = () => (Date.now() - began) / 1000;

	world.addAccount("third");
	world.addStore("pulled", { pull_url: world.pullUrl(), pull_page_size: "500", pull_pages_per_minute: String(60 * pagesPerSecond) }, "third");
	await world.pannierMeanwhile("sync", "pulled", "all");
	const read = seconds();
	await world.pannierMeanwhile("wait", "--idle", "--timeout", "3600");
	return `pulled in ${read.toFixed(0)} s with ${await counter(world, "pull_requests") - pulls} requests, at Klaviyo after ${seconds().toFixed(0)} s with ` +
		`${await counter(world, "klaviyo_requests") - klaviyo}; ${(100 * (world.php.used().seconds - php) / read).toFixed(0)} % PHP, ` +
		`${(100 * (world.db.program.used().seconds - sql) / read).toFixed(0)} % MariaDB, PHP at most ${world.php.used().mib.toFixed(0)} MiB a process, the daemon ${world.daemon.used().mib.toFixed(0)} MiB`;
}

/* Everything of a large shop, as its merchant sends it; runs only when SCALE=products,orders[,pages per second] is set (10000,100000,4). */
async function scale(world) {
	if (!process.env.SCALE)
		return "SCALE is not set";
	const [products, orders, pagesPerSecond] = process.env.SCALE.split(",").map(Number), { db } = world, page = () => fetch(world.url).then((answer) => answer.text());

	await world.merchant.settings("save", { target: { 0: Object.assign({}, CONNECTION, { target_id: 1, secret: "", url: world.hook("shop") }) }, pages_per_second: pagesPerSecond || 4 });
	const idle = [];
	for (let i = 0; i < 20; i++)
		idle.push(await timed(page));
	const before = { requests: await counter(world, "http_requests"), klaviyo: await counter(world, "klaviyo_requests"), php: world.php.used().seconds, sql: world.db.program.used().seconds };
	const began = Date.now(), seconds = () => (Date.now() - began) / 1000, busy = [];
	await world.merchant.settings("send", { target_id: 1 });
	await until(async () => {
		/* A page a second: its time is what is measured. */
		await new Promise((done) => setTimeout(done, 1000));
		busy.push(await timed(page));
		return world.waiting() === 0;
	}, "all is sent", 3600000);
	const read = seconds(), php = world.php.used().seconds - before.php, sql = world.db.program.used().seconds - before.sql;
	const requests = await counter(world, "http_requests") - before.requests;
	await world.pannierMeanwhile("wait", "--idle", "--timeout", "3600");
	const told = seconds(), memory = world.daemon.used().mib;
	const { effects } = await world.sandbox("counts"), klaviyo = await counter(world, "klaviyo_requests") - before.klaviyo;
	const phpMib = world.php.used().mib, pulled = await scale_pulled(world, pagesPerSecond || 4);
	return `${products} products of 3 choices and ${orders} orders, ${pagesPerSecond || 4} pages per second: read and sent in ${read.toFixed(0)} s with ${requests} requests, ` +
		`at Klaviyo after ${told.toFixed(0)} s with ${klaviyo} requests; the shop's processor ${(100 * php / read).toFixed(0)} % PHP, ` +
		`${(100 * sql / read).toFixed(0)} % MariaDB; its start page ${median(idle).toFixed(0)} ms before, ${median(busy).toFixed(0)} ms meanwhile; ` +
		`PHP at most ${phpMib.toFixed(0)} MiB a process, the daemon ${memory.toFixed(0)} MiB; ${effects.items.created} items and ${effects.variants.created} variants made; ${pulled}`;
}

module.exports = { cost_of_a_save, pages_stay_flat, scale };
