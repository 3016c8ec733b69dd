/*
 * What happens in a shop, told as a merchant and customers do it. Each scenario leaves the shop as it likes; what Klaviyo must hold
 * afterwards is worked out from the shop's tables (compare.js), so that a scenario says only what is its own.
 */
"use strict";

const assert = require("assert");
const fs = require("fs");
const { Merchant, slug } = require("./merchant.js");
const { Shopper } = require("./shopper.js");
const { FIRST, decoded } = require("./compare.js");
const { agree, colours, optionOf, metric, dayOfSpecial, plannedDay } = require("./steps.js");
const { details } = require("./details.js");
const { daemon_down, shop_killed, repeated_and_reordered, wrong_clock, broken_extension } = require("./trouble.js");
const { until, SECRET, CONNECTION } = require("./world.js");
const { cost_of_a_save, pages_stay_flat, scale } = require("./figures.js");

/* ---- installing, and what was there before ---- */

async function installing(world, zip) {
	const merchant = world.merchant = new Merchant(world);

	await merchant.login();
	await merchant.installExtension(zip);
	assert.match(await merchant.settingsPage(), /Connection to Pannier/);

	const connection = Object.assign({ url: world.hook("shop") }, CONNECTION);
	const refused = await merchant.settings("test", { target: { 0: Object.assign({}, connection, { secret: "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" }) } }).catch((error) => error.message);
	assert.match(refused, /401/);
	assert.match((await merchant.settings("test", { target: { 0: connection } })).success, /202/);
	await merchant.settings("save", { target: { 0: connection } });
	assert.ok(!(await merchant.settingsPage()).includes(SECRET), "the secret does not come back to the page");
}

async function sending_everything(world) {
	await world.merchant.settings("send", { target_id: 1 });
	await agree(world, "after everything was sent");
	const { jobs } = await world.merchant.settings("status", {});
	assert.strictEqual(jobs.filter((job) => job.state === "done").length, 5);
}

/* Nobody visits the shop, and a run ends long before all is sent: the next one begins by itself. */
async function unattended(world) {
	const { db, merchant } = world, target = { 0: Object.assign({}, CONNECTION, { target_id: 1, secret: "", url: world.hook("shop") }) };

	db.run("REPLACE INTO oc_pannier_setting SET name = 'run_seconds', value = '1'");
	await merchant.settings("save", { target, pages_per_second: 1 });
	await merchant.settings("send", { target_id: 1 });
	await until(() => db.value("SELECT COUNT(*) FROM oc_pannier_job WHERE state = 'done'") === "5", "all is sent");
	db.run("DELETE FROM oc_pannier_setting WHERE name = 'run_seconds'");
	await merchant.settings("save", { target, pages_per_second: 4 });
}

/* The merchant thinks better of it: it ends where it is, and begins anew when they like. */
async function stopping(world) {
	const { db, merchant } = world, target = { 0: Object.assign({}, CONNECTION, { target_id: 1, secret: "", url: world.hook("shop") }) };
	const jobs = async () => (await merchant.settings("status", {})).jobs;

	await merchant.settings("save", { target, pages_per_second: 1 });
	await merchant.settings("send", { target_id: 1 });
	await merchant.settings("stop", { target_id: 1 });
	const ended = await jobs();
	assert.ok(ended.some((job) => job.state === "stopped") && ended.every((job) => job.state !== "running"), JSON.stringify(ended));
	await merchant.settings("save", { target, pages_per_second: 100 });
	assert.ok((await jobs()).some((job) => job.state === "stopped"), "it stays so");
	await merchant.settings("send", { target_id: 1 });
	await until(() => db.value("SELECT COUNT(*) FROM oc_pannier_job WHERE state = 'done'") === "5", "all is sent");
	await merchant.settings("save", { target, pages_per_second: 4 });
}

/* ---- catalog ---- */

async function products(world) {
	const { merchant } = world;
	const mug = await merchant.saveProduct({ name: "Mug & \"Cup\" <big>", price: "12.50", sku: "MUG-1", quantity: 7, product_category: { 0: 20 }, manufacturer_id: 8, manufacturer: "Apple" });
	const shirt = world.shirt = await merchant.saveProduct(Object.assign({ name: "Shirt", price: "20.00", sku: "SHIRT", quantity: 9, product_category: { 0: 20, 1: 27 } }, colours(world)));
	await agree(world, "products added");
	await merchant.saveProduct({ name: "Mug renamed", price: "13.00", sku: "MUG-1", quantity: 3, product_category: { 0: 27 } }, mug);
	await merchant.saveProduct(Object.assign({ name: "Shirt", price: "22.00", sku: "SHIRT", quantity: 9, product_category: { 0: 20 } }, colours(world)), shirt);
	await agree(world, "products edited");
	const copy = await merchant.copyProduct(shirt);
	assert.notStrictEqual(copy, shirt);
	await agree(world, "a product copied");
	await merchant.saveProduct({ name: "Hidden", status: 0 });
	await merchant.saveProduct({ name: "Not yet", date_available: "2099-01-01" });
	await agree(world, "products that are not shown");
	await merchant.deleteProducts([mug, copy]);
	await agree(world, "products deleted together");
}

/* OpenCart 4: a variant is a product of its own, and stays behind when the product it belongs to is deleted. */
async function product_variants(world) {
	if (!world.is("4"))
		return "not in this release";
	const { merchant } = world, master = await merchant.saveProduct(Object.assign({ name: "Bag", price: "30.00", sku: "BAG" }, colours(world)));
	const child = await merchant.addVariant(master, { name: "Bag, red", price: "35.00", quantity: 2, sku: "BAG-R" }, optionOf(world, master, 0));

	await agree(world, "a variant added");
	await merchant.saveProduct(Object.assign({ name: "Bag renamed", price: "31.00", sku: "BAG" }, colours(world)), master);
	await agree(world, "its product edited");
	await merchant.deleteProducts([child]);
	await agree(world, "the variant deleted");
	const second = await merchant.addVariant(master, { name: "Bag, blue", price: "36.00", quantity: 2, sku: "BAG-B" }, optionOf(world, master, 1));
	await agree(world, "another variant");
	await merchant.deleteProducts([master]);
	await world.quiet();
	const held = (await world.sandbox("state")).accounts[0].variants.map((one) => one.external_id);
	assert.ok(!held.includes(String(second)), "what belonged to the product is gone with it");
	await merchant.deleteProducts([second]);
	return undefined;
}

async function categories(world) {
	const { merchant } = world;
	const top = await merchant.saveCategory("Top & more", 0), middle = await merchant.saveCategory("Middle", top), leaf = await merchant.saveCategory("Leaf", middle);

	await agree(world, "three deep");
	await merchant.saveCategory("Middle moved", 20, middle);
	await merchant.saveProduct(Object.assign({ name: "Shirt", price: "22.00", quantity: 9, product_category: { 0: leaf } }, colours(world)), world.shirt);
	await agree(world, "moved and renamed");
	await merchant.deleteCategories([middle]);
	await agree(world, "deleted with what is below");
	await merchant.deleteCategories([top]);
	await agree(world, "all gone");
}

/* Categories named by their paths: what is below one that moves or is renamed moves with it. */
async function category_paths(world) {
	const { merchant } = world, paths = Object.assign({}, FIRST, { paths: true });

	world.pannier("store", "set", "shop", "category_name=path");
	const top = await merchant.saveCategory("Shelf", 0), middle = await merchant.saveCategory("Board", top), leaf = await merchant.saveCategory("Corner", middle);
	await until(async () => (await world.sandbox("state", "main")).accounts[0].categories.some((one) => one.name === "Shelf > Board > Corner"), "paths are told");
	await agree(world, "paths", paths);
	await merchant.saveCategory("Board moved", 20, middle);
	await agree(world, "what is below moved too", paths);
	await merchant.saveCategory("Board", 0, middle);
	await agree(world, "and again", paths);
	await merchant.deleteCategories([leaf, middle, top]);
	world.pannier("store", "set", "shop", "category_name=leaf");
	await until(async () => (await world.sandbox("state", "main")).accounts[0].categories.every((one) => !one.name.includes(" > ")), "names are told again");
	await agree(world, "names again");
}

/* Nobody saves anything when a special price begins or ends. */
async function specials(world) {
	const { merchant, db } = world, id = world.special = await merchant.saveProduct(Object.assign({ name: "Reduced", price: "50.00" }, merchant.special("40.00", "2020-01-01", "2099-01-01")));
	await agree(world, "a special that runs");
	assert.strictEqual(plannedDay(world, id), "2099-01-01", "its end is planned");
	dayOfSpecial(world, id, "date_end");
	await agree(world, "it has ended");
	assert.strictEqual(plannedDay(world, id), "");

	const later = await merchant.saveProduct(Object.assign({ name: "Reduced later", price: "50.00" }, merchant.special("40.00", "2098-01-01", "2099-01-01")));
	await agree(world, "a special that has not begun");
	assert.strictEqual(plannedDay(world, later), "2098-01-01", "its beginning is planned");
	dayOfSpecial(world, later, "date_start");
	await agree(world, "it has begun");
	assert.strictEqual(plannedDay(world, later), "2099-01-01", "then its end");

	const soon = await merchant.saveProduct({ name: "Available later", date_available: "2097-01-01" });
	await agree(world, "a product that is not available yet");
	assert.strictEqual(plannedDay(world, soon), "2097-01-01");
	db.run(`UPDATE oc_product SET date_available = '2020-01-01' WHERE product_id = ${soon}`);
	db.run(`UPDATE oc_pannier_outbox SET due = UNIX_TIMESTAMP() WHERE entity = '${soon}' AND payload = 'planned'`);
	await agree(world, "it is available");
}

/* ---- people and orders ---- */

async function customers(world) {
	const anna = world.anna = new Shopper(world);

	await anna.register("anna@muster.example", true);
	await agree(world, "registered with newsletter");
	await anna.setNewsletter(false);
	await agree(world, "newsletter off");
	await anna.setNewsletter(true);
	await agree(world, "newsletter on again");
	await consentOf(world, "anna@muster.example", "Account");
	await world.merchant.saveCustomer({ email: "max@muster.example", newsletter: 0 });
	await agree(world, "added by the merchant");
	const id = Number(world.db.value("SELECT customer_id FROM oc_customer WHERE email = 'max@muster.example'"));
	await world.merchant.saveCustomer({ email: "max@muster.example", firstname: "Maximilian", newsletter: 1 }, id);
	await agree(world, "edited by the merchant");
	const sent = JSON.stringify(await world.sandbox("state")) + JSON.stringify(await world.sandbox("profiles?limit=1000")) + JSON.stringify(await world.sandbox("events?limit=1000"));
	assert.ok(!/secret1234/.test(sent) && !/"127\.0\.0\.1"/.test(sent), "no password and no address of a machine leaves");
}

/* Klaviyo knows where somebody said yes, and when. */
async function consentOf(world, email, source) {
	const kept = world.db.rows(`SELECT subscribed, at, source FROM oc_pannier_consent WHERE email = '${email}' ORDER BY consent_id DESC LIMIT 1`)[0];
	const told = (await world.sandbox("profiles?email=" + email, "main")).profiles[0].subscriptions.email.marketing;

	assert.deepStrictEqual([kept.subscribed, kept.source, told.consent, told.custom_method_detail], ["1", source, "SUBSCRIBED", source]);
	assert.ok(Math.abs(Date.parse(told.consent_timestamp) / 1000 - Number(kept.at)) < 300, `${told.consent_timestamp} is about ${kept.at}`);
}

async function guest_order(world) {
	const guest = new Shopper(world);

	await guest.addToCart(world.shirt, 2, optionOf(world, world.shirt, 1));
	await guest.addToCart(40, 1);
	await guest.guestDetails("gast@muster.example", true);
	const order = world.guestOrder = await guest.pay();
	await agree(world, "a guest ordered");
	assert.strictEqual((await metric(world, "Started Checkout", "gast@muster.example")).length, 1);
	const carts = await metric(world, "Added to Cart", "gast@muster.example");
	assert.strictEqual(carts.length, 2, "what was put into the cart before the guest was known is theirs");
	if (world.is("4"))
		await consentOf(world, "gast@muster.example", "Checkout of a guest");
	for (const status of [2, 3, 5, 3, 5])
		await world.merchant.setStatus(order, status, status === 3 ? "It is on its way" : "");
	await agree(world, "shipped and complete");
	await world.merchant.setStatus(order, 11);
	await agree(world, "refunded");
}

async function customer_order(world) {
	const { anna } = world;

	await anna.addToCart(40, 1);
	await anna.customerDetails();
	const order = await anna.pay();
	await agree(world, "a customer ordered");
	assert.strictEqual((await metric(world, "Started Checkout", "anna@muster.example")).length, 1);
	await world.merchant.setStatus(order, 7);
	await agree(world, "cancelled");
	await anna.addToCart(40, 2);
	await anna.customerDetails();
	const second = await anna.pay();
	await world.quiet();
	assert.strictEqual((await metric(world, "Started Checkout", "anna@muster.example")).length, 2);
	await world.merchant.deleteOrder(second);
	await world.quiet();
	assert.ok((await world.sandbox("events?unique_id=" + second + "&limit=10", "main")).events.some((event) => event.metric === "Cancelled Order"), "an order that is deleted is cancelled");
}

/* The shop's statuses as Pannier knows them, by id. */
function statuses(world) {
	const store = JSON.parse(world.pannier("store", "show", "shop", "--json"));

	assert.ok(store.order_statuses_told, "the shop told them");
	return new Map(store.order_statuses.map((status) => [status.id, status]));
}

/* The merchant has statuses of their own: Pannier offers them by name, says which it does not know, and goes by what is set. */
async function order_statuses(world) {
	const { merchant, db } = world, languages = db.rows("SELECT language_id, code FROM oc_language WHERE status = 1");
	const named = (id) => Object.fromEntries(languages.map((row) => [row.code, db.value(`SELECT name FROM oc_order_status WHERE order_status_id = ${id} AND language_id = ${row.language_id}`)]));
	const call = (text) => Object.fromEntries(languages.map((row) => [row.language_id, text + (row.language_id === "1" ? "" : " " + row.code)]));
	const packing = await merchant.saveOrderStatus(call("Packing & more"));

	await world.quiet();
	const known = statuses(world);
	assert.deepStrictEqual([...known.keys()], db.rows("SELECT DISTINCT order_status_id AS id FROM oc_order_status ORDER BY 1").map((row) => row.id));
	for (const [id, status] of known)
		assert.deepStrictEqual(status.names, Object.fromEntries(Object.entries(named(id)).map(([code, name]) => [code, decoded(name)])), "status " + id);
	assert.deepStrictEqual(["1", "5", "7", "11"].map((id) => known.get(id).means), ["placed", "fulfilled", "cancelled", "refunded"]);
	assert.deepStrictEqual([known.get(String(packing)).known, known.get("5").known, known.get(String(packing)).means], [false, true, "placed"]);

	assert.throws(() => world.pannier("store", "set", "shop", `order_states=${packing}=packed`), /no meaning of a status/);
	world.pannier("store", "set", "shop", `order_states=${packing}=paid, 5=nothing`);
	assert.deepStrictEqual([statuses(world).get(String(packing)).means, statuses(world).get("5").means], ["paid", "nothing"]);
	await merchant.saveOrderStatus(call("Packed"), packing);
	const guest = new Shopper(world);
	await guest.addToCart(40, 1);
	await guest.guestDetails("status@muster.example");
	const order = await guest.pay();
	await merchant.setStatus(order, packing);
	await merchant.setStatus(order, 5);
	await world.quiet();
	const told = (await world.sandbox("events?unique_id=" + order + "&limit=100", "main")).events.map((event) => event.metric).sort();
	assert.deepStrictEqual(told.filter((name) => name !== "Ordered Product"), ["Paid Order", "Placed Order"]);
	assert.strictEqual(statuses(world).get(String(packing)).name, "Packed");

	world.pannier("store", "set", "shop", "order_states=");
	await merchant.deleteOrder(order);
	await merchant.deleteOrderStatus(packing);
	await agree(world, "by default again");
	assert.ok(!statuses(world).has(String(packing)), "what is deleted is offered no more");
}

/* An order that the merchant takes by phone, and changes: placed once, never cancelled on the way. */
async function admin_order(world) {
	const { merchant } = world, email = "telefon@muster.example";
	const order = await merchant.placeOrder(email, 40, 1);

	await agree(world, "an order of the merchant's");
	const stock = world.db.value("SELECT quantity FROM oc_product WHERE product_id = 40");
	await merchant.placeOrder(email, 40, 2, order);
	await world.quiet();
	const told = (await world.sandbox("events?unique_id=" + order + "&limit=100", "main")).events.map((event) => event.metric);
	assert.deepStrictEqual(told, ["Placed Order"], "what was changed is not placed anew, and was not cancelled");
	assert.notStrictEqual(world.db.value("SELECT quantity FROM oc_product WHERE product_id = 40"), stock);
	await merchant.deleteOrder(order);
	await agree(world, "with the stock that the change took");

	const voided = await merchant.placeOrder(email, 40, 1);
	await merchant.setStatus(voided, 16);
	await world.quiet();
	world.db.run(`UPDATE oc_order_history SET date_added = date_added - INTERVAL 1 MINUTE WHERE order_id = ${voided}`);
	world.db.run(`UPDATE oc_pannier_outbox SET due = UNIX_TIMESTAMP() WHERE kind = 'order' AND entity = '${voided}' AND done = 0`);
	await agree(world, "what is voided for good is cancelled");
}

/* The address that Klaviyo got brings the cart back, for whoever has it. */
async function cart_link(world) {
	const visitor = new Shopper(world), other = new Shopper(world);

	await visitor.addToCart(world.shirt, 2, optionOf(world, world.shirt, 0));
	await visitor.addToCart(40, 1);
	await visitor.guestDetails("korb@muster.example");
	await world.quiet();
	const [event] = await metric(world, "Started Checkout", "korb@muster.example"), link = event.properties.CheckoutURL;
	const page = await other.visitor.get(link);
	assert.ok(page.includes("Shirt"), "the cart is back: " + other.visitor.at + " " + page.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ").slice(0, 1500));
	assert.ok((await other.visitor.get(link.replace(/cart_id=\w+/, "cart_id=" + "0".repeat(32)))).includes("Shirt"), "an unknown one changes nothing");
}

async function pages(world) {
	const shopper = new Shopper(world), page = await shopper.visit("product/product", "&product_id=" + world.shirt);
	const data = /data-pannier-product="([^"]*)"/.exec(page);

	assert.ok(page.includes(`<script src="${world.pannierUrl}/s/shop.js" data-pannier defer></script>`), "the script is on the page");
	assert.strictEqual(JSON.parse(data[1].replace(/&quot;/g, "\"")).product_id, String(world.shirt));
	assert.match(await world.anna.visit("common/home"), /data-pannier-identify="[^"]*anna@muster.example/);
	assert.match(await shopper.visit("product/category", "&path=20"), /data-pannier-category/);
	assert.match(await shopper.visit("product/search", "&search=mug"), /data-pannier-search/);
}

/* The same pages in a real browser: what a customer who is logged in looks at is theirs at Klaviyo. */
async function browsing(world) {
	let chromium, flags;

	try {
		chromium = require("../browser/node_modules/playwright-core").chromium;
		flags = require("../browser/visit.js");
	} catch (error) {
		return "tests/browser/node_modules is missing";
	}
	if (!fs.existsSync(process.env.PANNIER_CHROMIUM || "/usr/bin/chromium"))
		return "Chromium is not installed";
	const browser = await chromium.launch({ executablePath: process.env.PANNIER_CHROMIUM || "/usr/bin/chromium", args: [...flags.FLAGS, "--no-sandbox"] });

	try {
		const context = await browser.newContext({ userAgent: flags.AGENT }), page = await context.newPage(), shop = new URL(world.url);

		world.pannier("store", "set", "shop", "storefront_origins=" + shop.origin, "storefront_consent=assume");
		await context.addCookies([...world.anna.visitor.cookies].map(([name, value]) => ({ name, value, domain: shop.hostname, path: "/" })));
		const seen = async () => (await metric(world, "Viewed Product", "anna@muster.example")).map((event) => event.properties.ProductID);
		await until(async () => {
			await page.goto(world.url + world.anna.route("product/product", "&product_id=" + world.shirt), { waitUntil: "networkidle" });
			return (await seen()).includes(String(world.shirt));
		}, "Klaviyo knows what Anna looked at");
	} finally {
		await browser.close();
	}
	return undefined;
}

/* ---- the pull endpoint ---- */

async function pulling(world) {
	const pull = (ask, key) => world.pull(ask, key);
	let after = 0, ids = [];

	for (let pages = 0; after !== null; pages++) {
		const { status, value } = await pull({ kind: "products", after, limit: 7 });
		assert.strictEqual(status, 200);
		assert.ok(pages < 50);
		ids = ids.concat(value.messages.map((message) => Number(message.data.id)));
		after = value.next;
	}
	assert.deepStrictEqual(ids, world.db.rows("SELECT product_id FROM oc_product ORDER BY product_id").map((row) => Number(row.product_id)));
	assert.deepStrictEqual((await pull({ kind: "orders", ids_only: true })).value.ids, world.db.rows("SELECT order_id FROM oc_order ORDER BY order_id").map((row) => row.order_id));
	assert.strictEqual((await pull({ kind: "secrets" })).status, 400);
	assert.strictEqual((await pull({ kind: "products" }, "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")).status, 401);
}

/* What Pannier asks for by itself comes to what the shop would have sent: into an account that knows nothing yet. */
async function syncing(world) {
	world.addAccount("third");
	world.addStore("pulled", { pull_url: world.pullUrl(), pull_page_size: "7", pull_pages_per_minute: "6000" }, "third");
	await until(async () => (await fetch(world.pannierUrl + "/s/pulled.js")).ok, "Pannier knows the store");
	await world.quiet();
	world.pannier("sync", "pulled", "all");
	await agree(world, "all of it pulled", Object.assign({}, FIRST, { account: "third" }));
	const counts = async (account) => (await world.sandbox("people", account)).accounts[0].metrics;
	const [pushed, pulled] = [await counts("main"), await counts("third")];
	for (const name of ["Placed Order", "Ordered Product", "Fulfilled Order", "Refunded Order"])
		assert.deepStrictEqual(pulled[name], pushed[name], name);
}

/* Several languages and currencies of one shop: one store of Pannier for each. */
async function another_currency(world) {
	const url = world.addStore("shop-eur", { id_prefix: "eur-" });

	await until(async () => (await fetch(world.pannierUrl + "/s/shop-eur.js")).ok, "Pannier knows the store");
	await world.merchant.settings("save", { target: { 0: Object.assign({}, CONNECTION, { target_id: 1, secret: "", url: world.hook("shop") }),
		1: Object.assign({}, CONNECTION, { url, currency: "EUR", send_orders: 0, send_people: 0, send_carts: 0, script: 0 }) } });
	await world.merchant.settings("send", { target_id: world.db.value("SELECT MAX(target_id) FROM oc_pannier_target") });
	await world.quiet();
	const rate = Number(world.db.value("SELECT value FROM oc_currency WHERE code = 'EUR'"));
	const items = (await world.sandbox("state")).accounts[0].items;
	const usd = items.find((item) => item.external_id === "40").price, eur = items.find((item) => item.external_id === "eur-40").price;
	assert.ok(Math.abs(usd * rate - eur) < 0.01, `${usd} USD are ${eur} EUR at ${rate}`);
	await world.merchant.settings("save", { target: { 0: Object.assign({}, CONNECTION, { target_id: 1, secret: "", url: world.hook("shop") }) } });
}

/*
 * Another of OpenCart's stores, with an address, a language, a currency and a Klaviyo account of its own: what is in both, and what is in one
 * alone; customers and orders of each.
 */
async function several_stores(world) {
	const { merchant, db } = world, other = world.url.replace("127.0.0.1", "localhost");
	const french = await merchant.addLanguage("fr-fr", "Français"), store = await merchant.addStore({ config_url: other, config_ssl: other, config_name: "Boutique", config_currency: "EUR" });
	const view = { store, languageId: french, language: "fr-fr", currency: "EUR", account: "second", url: other };
	const texts = (name, other) => ({ product_description: { 1: Merchant.texts(name), [french]: Merchant.texts(other) }, product_seo_url: {
		0: { 1: slug(name), [french]: slug(other) }, [store]: { 1: slug(name), [french]: slug(other) } } });

	world.addAccount("second");
	const url = world.addStore("boutique", {}, "second");
	await until(async () => (await fetch(world.pannierUrl + "/s/boutique.js")).ok, "Pannier knows the store");
	await merchant.settings("save", { target: { 0: Object.assign({}, CONNECTION, { target_id: 1, secret: "", url: world.hook("shop") }),
		1: Object.assign({}, CONNECTION, { url, store_id: store, language: "fr-fr", currency: "EUR" }) } });
	const both = await merchant.saveProduct(Object.assign({ name: "Umbrella", price: "20.00", quantity: 30, product_store: { 0: 0, 1: store } }, colours(world), texts("Umbrella", "Parapluie d'été")));
	const special = await merchant.saveProduct(Object.assign({ name: "Lamp", price: "33.33", product_store: { 0: store } }, merchant.special("29.99", "2020-01-01", "2099-01-01"), texts("Lamp", "Lampe")));
	const first = await merchant.saveProduct({ name: "Only in the first", price: "7.00" });

	await merchant.settings("send", { target_id: db.value("SELECT MAX(target_id) FROM oc_pannier_target") });
	await agree(world, "the first store");
	await agree(world, "the second store", view);
	const claire = new Shopper(world, other);
	await claire.register("claire@muster.example", true);
	await claire.addToCart(both, 2, optionOf(world, both, 1));
	await claire.addToCart(special, 1);
	await claire.customerDetails();
	const order = await claire.pay();
	assert.deepStrictEqual(db.rows("SELECT store_id, currency_code FROM oc_order WHERE order_id = " + order), [{ store_id: String(store), currency_code: "EUR" }]);
	await merchant.setStatus(order, 5);
	await claire.setNewsletter(false);
	await merchant.saveProduct(Object.assign({ name: "Umbrella", price: "22.00", quantity: 30, product_store: { 0: store } }, colours(world), texts("Umbrella", "Parapluie")), both);
	await merchant.deleteProducts([first]);
	await agree(world, "the first store, without what was taken out of it");
	await agree(world, "the second store, after an order", view);
	const known = async (account) => (await world.sandbox("profiles?limit=1000", account)).profiles.some((one) => one.email === "claire@muster.example");
	assert.deepStrictEqual([await known("main"), await known("second")], [false, true], "who belongs to one store is not known in the other's account");
	await merchant.settings("save", { target: { 0: Object.assign({}, CONNECTION, { target_id: 1, secret: "", url: world.hook("shop") }) } });
}

/* Nothing of it is left: tables, events, cron entry, settings, permissions, files. Sessions end by themselves. */
async function uninstalling(world) {
	const { db, merchant } = world;

	await merchant.uninstallExtension();
	assert.deepStrictEqual(db.rows("SHOW TABLES LIKE 'oc\\\\_pannier%'"), []);
	await merchant.removeExtension();
	assert.deepStrictEqual(db.dump().filter((line) => /pannier/i.test(line) && !/^INSERT INTO `oc_(session|api_session)`/.test(line)), []);
	assert.deepStrictEqual(world.filesNamed(/pannier/i), []);
	await merchant.saveProduct({ name: "Without it", price: "3.00" });
	assert.match(await new Shopper(world).visit("common/home"), /<\/html>/);
}

module.exports = {
	installing, scenarios: [sending_everything, unattended, stopping, products, product_variants, categories, category_paths, specials, customers, guest_order, customer_order, order_statuses, admin_order, ...details, cart_link, pages, browsing, pulling, syncing,
		daemon_down, shop_killed, repeated_and_reordered, wrong_clock, broken_extension, several_stores, another_currency, cost_of_a_save, pages_stay_flat, scale, uninstalling]
};
