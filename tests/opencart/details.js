/* What changes beside a product, a cart or a customer, and changes them with it. */
"use strict";

const assert = require("assert");
const { Shopper } = require("./shopper.js");
const { agree, colours, optionOf, metric } = require("./steps.js");
const { until } = require("./world.js");

/* An option is renamed: every product that offers it says so, the variants of OpenCart 4 through the product they belong to. */
async function renamed_options(world) {
	const { merchant, db } = world, id = await merchant.saveProduct(Object.assign({ name: "Scarf", price: "15.00" }, colours(world)));
	const names = db.rows("SELECT option_value_id, name FROM oc_option_value_description WHERE option_id = 5 AND language_id = 1 ORDER BY option_value_id");
	const titles = async () => (await world.sandbox("state", "main")).accounts[0].variants.filter((one) => one.item === String(id)).map((one) => one.title);

	await world.quiet();
	assert.ok((await titles()).some((title) => title.includes(names[0].name)), "the choice is in the variant's title: " + await titles());
	await merchant.saveOption(5, { [names[0].option_value_id]: "Crimson" });
	await world.quiet();
	assert.ok((await titles()).some((title) => title.includes("Crimson")), "what it is called now: " + await titles());
	assert.ok(!(await titles()).some((title) => title.includes(names[0].name)));
	await merchant.saveOption(5, { [names[0].option_value_id]: names[0].name });
	await merchant.deleteProducts([id]);
	await agree(world, "called as before");
}

/* Prices are shown with tax: another rate is another price of all that is taxed so. */
async function changed_taxes(world) {
	const { merchant, db } = world, rate = db.rows("SELECT r.* FROM oc_tax_rate r JOIN oc_tax_rule u USING (tax_rate_id) WHERE u.tax_class_id = 9 AND r.type = 'P' LIMIT 1")[0];

	await merchant.saveTaxRate(rate, "12.5");
	await agree(world, "another rate of tax");
	await merchant.saveTaxRate(rate, rate.rate);
	await agree(world, "the rate as it was");
}

/* Less in the cart, or nothing of a thing: nobody added anything; more of it: so much was. The link brings back what is there now. */
async function carts_that_shrink(world) {
	const shopper = new Shopper(world), other = new Shopper(world), email = "weniger@muster.example";
	const added = async () => (await metric(world, "Added to Cart", email)).length;

	await shopper.addToCart(world.shirt, 3, optionOf(world, world.shirt, 0));
	await shopper.addToCart(40, 1);
	await shopper.guestDetails(email);
	await world.quiet();
	assert.strictEqual(await added(), 2);
	await shopper.setQuantity(world.shirt, 1);
	await shopper.takeOut(40);
	const kept = () => world.db.rows("SELECT content FROM oc_pannier_cart ORDER BY at DESC").map((row) => JSON.parse(row.content).map((line) => [line.product_id, line.quantity]));
	await until(() => kept().some((lines) => JSON.stringify(lines) === JSON.stringify([[world.shirt, 1]])), () => "the cart is kept as it is now: " + JSON.stringify(kept()));
	await world.quiet();
	assert.strictEqual(await added(), 2, "nothing was added");
	await shopper.setQuantity(world.shirt, 4);
	await world.quiet();
	const more = (await metric(world, "Added to Cart", email)).map((event) => event.properties.AddedItemQuantity);
	assert.deepStrictEqual(more.sort(), [1, 3, 3], "three more of one there was");
	await shopper.setQuantity(world.shirt, 1);
	const [event] = await metric(world, "Started Checkout", email), page = await other.visitor.get(event.properties.CheckoutURL);
	assert.ok(page.includes("Shirt") && !page.includes("product_id=40\""), "the link brings back what the cart holds now");
}

/* Who makes an account while paying is a customer, whose consent is the registration's and told once. */
async function account_at_checkout(world) {
	const shopper = new Shopper(world), email = "konto@muster.example";

	await shopper.addToCart(40, 1);
	await shopper.accountDetails(email, true);
	await agree(world, "an account made at the checkout");
	const kept = world.db.rows(`SELECT customer_id > 0 AS account, source FROM oc_pannier_consent WHERE email = '${email}'`);
	assert.deepStrictEqual(kept, [{ account: "1", source: "Registration" }]);
	assert.strictEqual((await metric(world, "Started Checkout", email)).length, 1);
}

/* Customers change their own name and address. */
async function own_account(world) {
	const { anna } = world, of = async () => (await world.sandbox("profiles?email=anna@muster.example", "main")).profiles[0];

	await anna.editAccount({ firstname: "Annabell" });
	await agree(world, "another name");
	await anna.editAddress({ city: "Graz", postcode: "8010" });
	await world.quiet();
	assert.strictEqual((await of()).location.city, "Graz");
	await anna.editAccount({ firstname: "Anna" });
	await agree(world, "the name as it was");
}

module.exports = { details: [renamed_options, changed_taxes, carts_that_shrink, account_at_checkout, own_account] };
