/* What several scenarios do. */
"use strict";

const assert = require("assert");
const { Comparison } = require("./compare.js");

/* All that the shop and Klaviyo hold is the same; what is not is told line by line. */
async function agree(world, what, view) {
	await world.quiet();
	const report = await new Comparison(world, view).run();

	assert.deepStrictEqual(report.wrong.slice(0, 20), [], what);
	assert.ok(report.fields > 20, "something was compared");
	world.compared = (world.compared || 0) + report.fields;
}

/* Required options: a red one and a blue one, dearer by 3. */
function colours(world) {
	const values = world.db.rows("SELECT option_value_id FROM oc_option_value WHERE option_id = 5 ORDER BY option_value_id LIMIT 2").map((row) => row.option_value_id);

	return { product_option: { 0: {
		product_option_id: 0, option_id: 5, name: "Select", type: "select", required: 1,
		product_option_value: Object.fromEntries(values.map((value, i) => [i, { product_option_value_id: 0, option_value_id: value, quantity: 5 + i, subtract: 1,
			price: i * 3, price_prefix: "+", points: 0, points_prefix: "+", weight: 0, weight_prefix: "+" }]))
	} } };
}

function optionOf(world, productId, which) {
	const rows = world.db.rows(`SELECT product_option_id, product_option_value_id FROM oc_product_option_value WHERE product_id = ${productId} ORDER BY product_option_value_id`);

	return { [rows[which].product_option_id]: rows[which].product_option_value_id };
}

async function metric(world, name, email) {
	return (await world.sandbox("events?metric=" + encodeURIComponent(name) + (email ? "&email=" + encodeURIComponent(email) : "") + "&limit=1000", "main")).events;
}

/* As time would: so much of it goes by for all that the extension waits for. */
function passTime(world, seconds) {
	world.db.run(`UPDATE oc_pannier_outbox SET at = at - ${seconds}, due = IF(due > 0, due - ${seconds}, 0) WHERE done = 0 AND (payload IS NULL OR payload <> 'planned')`);
	world.db.run(`UPDATE oc_pannier_target SET next_at = IF(next_at > 0, next_at - ${seconds}, 0), last_ok_at = last_ok_at - ${seconds}`);
}

/* The day that a special price begins or ends at has come, and with it what was planned for then. column: date_start, date_end */
function dayOfSpecial(world, id, column) {
	const table = world.is("4.1") ? "oc_product_discount" : "oc_product_special";

	world.db.run(`UPDATE ${table} SET ${column} = '2020-01-02' WHERE product_id = ${id}`);
	world.db.run(`UPDATE oc_pannier_outbox SET due = UNIX_TIMESTAMP() WHERE entity = '${id}' AND payload = 'planned'`);
}

/* When the shop will look at a product again by itself: the day, "" = never. */
function plannedDay(world, id) {
	const due = Number(world.db.value(`SELECT IFNULL(MAX(due), 0) FROM oc_pannier_outbox WHERE entity = '${id}' AND kind = 'product' AND payload = 'planned' AND done = 0`));

	return due ? new Date(due * 1000).toISOString().slice(0, 10) : "";
}

module.exports = { agree, colours, optionOf, metric, passTime, dayOfSpecial, plannedDay };
