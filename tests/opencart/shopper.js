/* What a customer does in the shop's pages, on 4.x and 3.0. */
"use strict";

const { Visitor } = require("./browser.js");
const { decoded } = require("./compare.js");

const ADDRESS = { company: "", address_1: "Ring 1", address_2: "", city: "Wien", postcode: "1010", country_id: 223, zone_id: 3635 };

/* What a form of an address asks for, as a row of oc_address has it. */
function fieldsOf(row) {
	return Object.assign({}, ADDRESS, { default: 1 }, row.address_id ? { city: row.city, postcode: row.postcode } : {}, { firstname: row.firstname, lastname: row.lastname });
}

function prefixed(prefix, fields) {
	return Object.fromEntries(Object.entries(fields).map(([name, value]) => [prefix + name, value]));
}

/* Nobody shares a phone number: Klaviyo would take them for one person. */
let guests = 0;

class Shopper {
	/* url: of another of OpenCart's stores. */
	constructor(world, url = world.url) {
		this.world = world;
		this.visitor = new Visitor(url);
		this.four = world.is("4");
	}

	route(route, more = "") {
		return "index.php?route=" + route + (this.four ? "&language=en-gb" : "") + more;
	}

	/* "checkout/cart", "add" */
	action(controller, method, more) {
		return this.route(controller + (this.four ? "." : "/") + method, more);
	}

	visit(route, more) {
		return this.visitor.get(this.route(route, more));
	}

	addToCart(productId, quantity = 1, option = {}) {
		return this.visitor.send(this.action("checkout/cart", "add"), { product_id: productId, quantity, option });
	}

	/* The cart's own line of a product; the newest cart that has one is this visitor's. */
	lineOf(productId) {
		return this.world.db.value(`SELECT MAX(cart_id) FROM oc_cart WHERE product_id = ${productId}`);
	}

	setQuantity(productId, quantity) {
		const line = this.lineOf(productId);

		if (this.four)
			return this.visitor.send(this.action("checkout/cart", "edit"), { key: line, quantity });
		return this.visitor.post(this.route("checkout/cart/edit"), { quantity: { [line]: quantity } });
	}

	/* 4.1 has the line's number in the address. */
	takeOut(productId) {
		const line = this.lineOf(productId);

		return this.visitor.send(this.action("checkout/cart", "remove", "&key=" + line), { key: line });
	}

	/* ---- as somebody known ---- */

	async register(email, newsletter) {
		const page = await this.visit("account/register");
		const fields = { customer_group_id: 1, firstname: "Anna", lastname: "Muster & Söhne", email, telephone: "+436641234567", password: "secret1234", confirm: "secret1234",
			newsletter: newsletter ? 1 : 0, agree: 1 };

		if (!this.four) {
			await this.visitor.post(this.route("account/register"), fields);
			if (!/account\/success/.test(this.visitor.at))
				throw new Error("registering failed: " + this.visitor.at);
			return;
		}
		const action = /action="([^"]*register_token[^"]*)"/.exec(page)[1].replace(/&amp;/g, "&");
		this.customerToken = (await this.visitor.send(action, fields)).redirect.match(/customer_token=(\w+)/)[1];
	}

	async setNewsletter(on) {
		if (this.four)
			await this.visitor.send(this.action("account/newsletter", "save", "&customer_token=" + this.customerToken), { newsletter: on ? 1 : 0 });
		else
			await this.visitor.post(this.route("account/newsletter"), { newsletter: on ? 1 : 0 });
	}

	async editAccount(changes) {
		const row = this.world.db.rows("SELECT firstname, lastname, email, telephone FROM oc_customer WHERE email = 'anna@muster.example'")[0];
		const fields = Object.assign(row, { lastname: decoded(row.lastname) }, changes);

		if (this.four)
			return this.visitor.send(this.action("account/edit", "save", "&customer_token=" + this.customerToken), fields);
		await this.visitor.post(this.route("account/edit"), fields);
		return this.left("account/edit");
	}

	/* The newest of the customer's addresses, or their first one. */
	async editAddress(changes) {
		const row = this.world.db.rows("SELECT a.* FROM oc_address a JOIN oc_customer c USING (customer_id) WHERE c.email = 'anna@muster.example' ORDER BY address_id DESC LIMIT 1")[0];
		const fields = Object.assign(fieldsOf(row || { firstname: "Anna", lastname: "Muster" }), changes), id = row ? "&address_id=" + row.address_id : "";

		if (this.four)
			return this.visitor.send(this.action("account/address", "save", id + "&customer_token=" + this.customerToken), fields);
		const route = row ? "account/address/edit" : "account/address/add";
		await this.visitor.post(this.route(route, id), fields);
		return this.left(route);
	}

	/* 3.0: a form that went well leads elsewhere. */
	left(route) {
		if (this.visitor.at.includes(route))
			throw new Error(route + " was refused");
	}

	/* ---- checkout ---- */

	/* Who they are, as a guest. */
	async guestDetails(email, newsletter = false) {
		const person = { customer_group_id: 1, firstname: "Gast", lastname: "Käufer", email, telephone: "+43660" + String(1000000 + ++guests) };

		await this.visit("checkout/checkout");
		if (!this.four)
			return this.visitor.send(this.route("checkout/guest/save"), Object.assign({ shipping_address: 1 }, person, ADDRESS));
		return this.visitor.send(this.action("checkout/register", "save"), Object.assign({ account: 0, newsletter: newsletter ? 1 : 0, address_match: this.paymentAddress() ? 1 : 0, agree: 1,
			shipping_firstname: "Gast", shipping_lastname: "Käufer", payment_firstname: "Gast", payment_lastname: "Käufer" }, person,
		prefixed("shipping_", ADDRESS), prefixed("payment_", ADDRESS)));
	}

	/* Who they are, and an account for the next time. */
	async accountDetails(email, newsletter) {
		const person = { customer_group_id: 1, firstname: "Konto", lastname: "Muster", email, telephone: "+43660" + String(1000000 + ++guests), password: "Secret-1234", confirm: "Secret-1234", agree: 1 };
		const told = newsletter ? { newsletter: 1 } : {};

		await this.visit("checkout/checkout");
		if (!this.four)
			return this.visitor.send(this.route("checkout/register/save"), Object.assign({ shipping_address: 1 }, person, ADDRESS, told));
		return this.visitor.send(this.action("checkout/register", "save"), Object.assign({ account: 1, address_match: this.paymentAddress() ? 1 : 0,
			shipping_firstname: "Konto", shipping_lastname: "Muster", payment_firstname: "Konto", payment_lastname: "Muster" }, person, told,
		prefixed("shipping_", ADDRESS), prefixed("payment_", ADDRESS)));
	}

	/* Whether the shop asks for an address to pay from as well. */
	paymentAddress() {
		return this.world.db.value("SELECT value FROM oc_setting WHERE `key` = 'config_checkout_payment_address' AND store_id = 0") === "1";
	}

	async customerDetails() {
		await this.visit("checkout/checkout");
		if (!this.four) {
			const address = Object.assign({ payment_address: "new", shipping_address: "new", firstname: "Anna", lastname: "Muster" }, ADDRESS);

			await this.visitor.send(this.route("checkout/payment_address/save"), address);
			return this.visitor.send(this.route("checkout/shipping_address/save"), address);
		}
		const address = Object.assign({ firstname: "Anna", lastname: "Muster", default: 0 }, ADDRESS);
		if (this.paymentAddress())
			await this.visitor.send(this.action("checkout/payment_address", "save"), address);
		return this.visitor.send(this.action("checkout/shipping_address", "save"), address);
	}

	/* Shipping, payment, confirmation. Gives the order's id. */
	async pay() {
		if (this.four) {
			await this.visitor.get(this.action("checkout/shipping_method", "quote"));
			await this.visitor.send(this.action("checkout/shipping_method", "save"), { shipping_method: "flat.flat" });
			await this.visitor.get(this.action("checkout/payment_method", "getMethods"));
			await this.visitor.send(this.action("checkout/payment_method", "save"), { payment_method: "cod.cod" });
			await this.visitor.get(this.action("checkout/confirm", "confirm"));
			await this.visitor.get(this.action("extension/opencart/payment/cod", "confirm"));
		} else {
			await this.visit("checkout/shipping_method");
			await this.visitor.send(this.route("checkout/shipping_method/save"), { shipping_method: "flat.flat", comment: "" });
			await this.visit("checkout/payment_method");
			await this.visitor.send(this.route("checkout/payment_method/save"), { payment_method: "cod", comment: "", agree: 1 });
			await this.visit("checkout/confirm");
			await this.visit("extension/payment/cod/confirm");
		}
		const order = this.world.db.rows("SELECT order_id, order_status_id FROM oc_order ORDER BY order_id DESC LIMIT 1")[0];

		if (!order || order.order_status_id === "0")
			throw new Error("the order was not confirmed");
		await this.visit("checkout/success");
		return Number(order.order_id);
	}
}

module.exports = { Shopper };
