/* What a merchant does in OpenCart's admin, on 4.x and 3.0. */
"use strict";

const fs = require("fs");
const { Visitor } = require("./browser.js");

let slugs = 0;
/* Nobody shares a phone number. */
let calls = 0;

/* Another one each time: OpenCart 4.1 wants one for each product and category. */
function slug(name) {
	return name.toLowerCase().replace(/[^a-z0-9]+/g, "-") + "-" + ++slugs;
}

const EXTENSION = { 4: "extension/pannier/module/pannier", 3: "extension/module/pannier" };

class Merchant {
	constructor(world) {
		this.world = world;
		this.visitor = new Visitor(world.url);
		this.four = world.is("4");
	}

	/* ---- getting in ---- */

	async login() {
		const page = await this.visitor.get("admin/index.php?route=common/login");
		const fields = { username: "admin", password: "admin1234" };

		if (this.four) {
			const action = /action="([^"]*login_token[^"]*)"/.exec(page)[1].replace(/&amp;/g, "&");
			const answer = await this.visitor.send(action, fields);

			this.token = /user_token=([0-9a-f]+)/.exec(answer.redirect)[1];
		} else {
			await this.visitor.post("admin/index.php?route=common/login", fields);
			this.token = /user_token=(\w+)/.exec(this.visitor.at)[1];
		}
	}

	route(route, more = "") {
		return "admin/index.php?route=" + route + "&user_token=" + this.token + more;
	}

	/* "catalog/product", "save": 4.x has the method behind a dot, 3.0 has other methods altogether. */
	action(controller, method, more) {
		return this.route(controller + (this.four ? "." : "/") + method, more);
	}

	/* ---- the extension ---- */

	async installExtension(zip) {
		const form = new FormData();
		form.append("file", new Blob([fs.readFileSync(zip)]), "pannier.ocmod.zip");
		const uploaded = JSON.parse(await this.visitor.request("POST", this.action("marketplace/installer", "upload"), form));

		if (uploaded.error)
			throw new Error("upload: " + uploaded.error);
		let next = this.four
			? this.action("marketplace/installer", "install", "&extension_install_id=" + this.world.db.value("SELECT MAX(extension_install_id) FROM oc_extension_install"))
			: uploaded.next;
		while (next) {
			const answer = JSON.parse(await this.visitor.get(next));

			if (answer.error)
				throw new Error(next + ": " + answer.error);
			next = answer.next;
		}
		if (this.four)
			await this.visitor.send(this.action("extension/module", "install", "&extension=pannier&code=pannier"), {});
		else
			await this.visitor.get(this.route("extension/extension/module/install", "&extension=pannier"));
	}

	/* What the Installer's own buttons do, once the module is uninstalled. */
	async removeExtension() {
		const id = "&extension_install_id=" + this.world.db.value("SELECT MAX(extension_install_id) FROM oc_extension_install WHERE " +
			(this.four ? "code = 'pannier'" : "filename = 'pannier.ocmod.zip'"));

		if (this.four) {
			await this.visitor.send(this.action("marketplace/installer", "uninstall", id), {});
			await this.visitor.send(this.action("marketplace/installer", "delete", id), {});
		} else {
			await this.visitor.send(this.route("marketplace/install/uninstall", id), {});
		}
	}

	async uninstallExtension() {
		if (this.four)
			await this.visitor.send(this.action("extension/module", "uninstall", "&extension=pannier&code=pannier"), {});
		else
			await this.visitor.get(this.route("extension/extension/module/uninstall", "&extension=pannier"));
	}

	settings(method, fields) {
		return this.visitor.send(this.action(EXTENSION[this.four ? 4 : 3], method), fields);
	}

	settingsPage() {
		return this.visitor.get(this.route(EXTENSION[this.four ? 4 : 3]));
	}

	/* ---- the catalog ---- */

	static texts(name) {
		return { name, description: "<p>All about " + name + "</p>", meta_title: name, meta_description: "", meta_keyword: "", tag: "" };
	}

	static product(fields) {
		return Object.assign({
			product_description: { 1: Merchant.texts(fields.name) }, model: "M-" + fields.name, location: "", price: "10.00", tax_class_id: 0, quantity: 10, minimum: 1,
			subtract: 1, stock_status_id: 5, shipping: 1, date_available: "2020-01-01", length: "", width: "", height: "", length_class_id: 1, weight: "", weight_class_id: 1,
			status: 1, sort_order: 0, manufacturer_id: 0, manufacturer: "", points: 0, image: "", product_store: { 0: 0 }, product_seo_url: { 0: { 1: slug(fields.name) } },
			sku: "", upc: "", ean: "", jan: "", isbn: "", mpn: ""
		}, fields.sku ? { product_code: { 0: { code: "sku", value: fields.sku, identifier_id: 1, status: 1 } } } : {}, fields);
	}

	/* A special price: where 4.1 and older keep it. */
	special(price, start, end) {
		const row = { customer_group_id: 1, priority: 1, price, date_start: start, date_end: end };

		return this.world.is("4.1") ? { product_discount: { 0: Object.assign({ quantity: 1, type: "F", special: 1 }, row) } } : { product_special: { 0: row } };
	}

	/* Gives the product's id. */
	async saveProduct(fields, id = 0) {
		const all = Merchant.product(fields);

		if (this.four) {
			const answer = await this.visitor.send(this.action("catalog/product", "save"), Object.assign({ product_id: id, master_id: 0 }, all));

			return Number(answer.product_id || id);
		}
		await this.form(this.route(id ? "catalog/product/edit" : "catalog/product/add", id ? "&product_id=" + id : ""), all);
		return id || Number(this.world.db.value("SELECT MAX(product_id) FROM oc_product"));
	}

	/* 3.0: a form that went well leads elsewhere. */
	async form(address, fields) {
		const page = await this.visitor.post(address, fields);

		if (/\/(add|edit)&/.test(this.visitor.at))
			throw new Error(address + " was refused: " + (page.match(/text-danger">[^<]*|alert-danger[^<]*<[^<]*/g) || []).join("; "));
	}

	async addVariant(masterId, fields, chosen) {
		const all = Object.assign(Merchant.product(fields), { product_id: 0, master_id: masterId, override: { price: 1, quantity: 1 }, variant: chosen });

		return Number((await this.visitor.send(this.action("catalog/product", "save"), all)).product_id);
	}

	selected(controller, method, ids) {
		const fields = { selected: Object.fromEntries(ids.map((id, i) => [i, id])) };

		return this.four ? this.visitor.send(this.action(controller, method), fields) : this.visitor.post(this.route(controller + "/" + method), fields);
	}

	async copyProduct(id) {
		await this.selected("catalog/product", "copy", [id]);
		return Number(this.world.db.value("SELECT MAX(product_id) FROM oc_product"));
	}

	deleteProducts(ids) {
		return this.selected("catalog/product", "delete", ids);
	}

	async saveCategory(name, parentId, id = 0) {
		const fields = { category_description: { 1: Merchant.texts(name) }, parent_id: parentId, path: "", category_store: { 0: 0 }, status: 1, sort_order: 0, image: "",
			column: 1, category_seo_url: { 0: { 1: slug(name) } } };

		if (this.four) {
			const answer = await this.visitor.send(this.action("catalog/category", "save"), Object.assign({ category_id: id }, fields));

			return Number(answer.category_id || id);
		}
		await this.form(this.route(id ? "catalog/category/edit" : "catalog/category/add", id ? "&category_id=" + id : ""), fields);
		return id || Number(this.world.db.value("SELECT MAX(category_id) FROM oc_category"));
	}

	deleteCategories(ids) {
		return this.selected("catalog/category", "delete", ids);
	}

	/* names: { option value's id: its name }; all else of the option stays. */
	async saveOption(id, names) {
		const { db } = this.world, [option] = db.rows("SELECT * FROM oc_option WHERE option_id = " + id);
		const languages = (table, where) => Object.fromEntries(db.rows(`SELECT language_id, name FROM ${table} WHERE ${where}`).map((row) => [row.language_id, { name: row.name }]));
		const values = db.rows(`SELECT * FROM oc_option_value WHERE option_id = ${id}`).map((row) => ({ option_value_id: row.option_value_id, image: row.image, sort_order: row.sort_order,
			option_value_description: Object.fromEntries(Object.entries(languages("oc_option_value_description", "option_value_id = " + row.option_value_id))
				.map(([language, text]) => [language, { name: names[row.option_value_id] || text.name }])) }));
		const fields = { option_description: languages("oc_option_description", "option_id = " + id), type: option.type, validation: "", sort_order: option.sort_order,
			option_value: Object.fromEntries(values.map((value, i) => [i, value])) };

		if (this.four)
			return this.visitor.send(this.action("catalog/option", "save"), Object.assign({ option_id: id }, fields));
		return this.form(this.route("catalog/option/edit", "&option_id=" + id), fields);
	}

	/* row: of oc_tax_rate; percent: its new rate. */
	async saveTaxRate(row, percent) {
		const groups = this.world.db.rows(`SELECT customer_group_id FROM oc_tax_rate_to_customer_group WHERE tax_rate_id = ${row.tax_rate_id}`);
		const fields = { name: row.name, rate: percent, type: row.type, geo_zone_id: row.geo_zone_id,
			tax_rate_customer_group: Object.fromEntries(groups.map((group, i) => [i, group.customer_group_id])) };

		if (this.four)
			return this.visitor.send(this.action("localisation/tax_rate", "save"), Object.assign({ tax_rate_id: row.tax_rate_id }, fields));
		return this.form(this.route("localisation/tax_rate/edit", "&tax_rate_id=" + row.tax_rate_id), fields);
	}

	/* ---- stores and languages ---- */

	/* Another store of the same shop, set up as the first one is but for these settings (config_...). Gives its id. */
	async addStore(changes) {
		const { db } = this.world, fields = {};

		for (const row of db.rows("SELECT `key`, value, serialized FROM oc_setting WHERE store_id = 0 AND code = 'config'"))
			fields[row.key] = row.serialized === "1" ? JSON.parse(row.value) : row.value === null ? "" : row.value;
		Object.assign(fields, { store_id: 0 }, changes);
		if (this.four)
			await this.visitor.send(this.action("setting/store", "save"), fields);
		else
			await this.form(this.route("setting/store/add"), fields);
		return Number(db.value("SELECT MAX(store_id) FROM oc_store"));
	}

	/* Gives its id; all texts there are are copied into it by OpenCart. */
	async addLanguage(code, name) {
		const { db } = this.world, fields = { language_id: 0, name, code, locale: code, extension: "", image: "", directory: code, sort_order: 2, status: 1 };

		if (this.four)
			await this.visitor.send(this.action("localisation/language", "save"), fields);
		else
			await this.form(this.route("localisation/language/add"), fields);
		return Number(db.value(`SELECT language_id FROM oc_language WHERE code = '${code}'`));
	}

	/* ---- customers and orders ---- */

	async saveCustomer(fields, id = 0) {
		const all = Object.assign({ store_id: 0, language_id: 1, customer_group_id: 1, firstname: "Max", lastname: "Muster", telephone: "0664 1234567", newsletter: 0,
			status: 1, safe: 0, commenter: 0, password: id ? "" : "secret1234", confirm: id ? "" : "secret1234", affiliate: 0, tracking: "" }, fields);

		if (this.four)
			return this.visitor.send(this.action("customer/customer", "save"), Object.assign({ customer_id: id }, all));
		return this.form(this.route(id ? "customer/customer/edit" : "customer/customer/add", id ? "&customer_id=" + id : ""), all);
	}

	/* 4.1 does it in the admin itself; older releases by the storefront's API, as the admin's page does. */
	async setStatus(orderId, statusId, comment = "") {
		const fields = { order_id: orderId, order_status_id: statusId, comment, notify: comment ? 1 : 0, override: 0 };

		if (this.world.is("4.1"))
			return this.visitor.send(this.action("sale/order", "call", "&call=history_add&order_id=" + orderId + "&store_id=0&language=en-gb&currency=USD"), fields);
		if (this.four)
			return this.visitor.send(this.action("sale/order", "call", "&action=sale/order.addHistory&store_id=0&language=en-gb"), fields);
		return this.visitor.send("index.php?route=api/order/history&api_token=" + await this.apiToken() + "&store_id=0&order_id=" + orderId, fields);
	}

	/* 3.0: what the admin's order page does when it opens. */
	async apiToken() {
		const { db } = this.world;

		db.run("INSERT IGNORE INTO oc_api_ip (api_id, ip) SELECT api_id, '127.0.0.1' FROM oc_api");
		const api = db.rows("SELECT username, `key` FROM oc_api LIMIT 1")[0];
		const answer = await this.visitor.send("index.php?route=api/login", { username: api.username, key: api.key });

		return answer.api_token;
	}

	/* An order that came by phone: the order page of the admin. orderId: one that is changed instead. Gives its id. */
	async placeOrder(email, productId, quantity, orderId = 0) {
		const person = { customer_id: 0, customer_group_id: 1, firstname: "Tele", lastname: "Fon", email, telephone: "+4366099" + String(10000 + ++calls) };
		const address = { address_id: 0, firstname: "Tele", lastname: "Fon", company: "", address_1: "Ring 1", address_2: "", city: "Wien", postcode: "1010", country_id: 223, zone_id: 3635 };

		if (this.world.is("4.1"))
			await this.placeOrder41(person, address, productId, quantity, orderId);
		else if (this.four)
			await this.placeOrder40(person, address, productId, quantity, orderId);
		else
			await this.placeOrder30(person, address, productId, quantity, orderId);
		const row = this.world.db.rows("SELECT order_id, order_status_id FROM oc_order ORDER BY order_id DESC LIMIT 1")[0];

		if (!orderId && row.order_status_id === "0") /* 4.1.0.3 leaves that to the merchant */
			await this.setStatus(Number(row.order_id), 1);
		return orderId || Number(row.order_id);
	}

	/* All in one request, each time. */
	placeOrder41(person, address, productId, quantity, orderId) {
		const of = (prefix) => Object.fromEntries(Object.entries(address).map(([name, value]) => [prefix + name, value]));
		const all = Object.assign({ order_id: orderId, product: { 0: { product_id: productId, quantity } }, comment: "",
			shipping_method: { name: "Flat Shipping Rate", code: "flat.flat", cost: "5.00", tax_class_id: 9 }, payment_method: { name: "Cash On Delivery", code: "cod.cod" } },
		person, of("payment_"), of("shipping_"));

		return this.visitor.send(this.action("sale/order", "call", "&call=confirm&store_id=0&language=en-gb&currency=USD"), all);
	}

	/* Step by step, in a session of the storefront's that the order page begins. */
	async placeOrder40(person, address, productId, quantity, orderId) {
		const call = (action, fields = {}) => this.visitor.send(this.action("sale/order", "call", "&store_id=0&language=en-gb&action=" + action), fields);

		await this.visitor.get(this.action("sale/order", "info", orderId ? "&order_id=" + orderId : ""));
		if (orderId)
			await this.visitor.send(this.action("sale/order", "call", "&store_id=0&language=en-gb&action=sale/order.load&order_id=" + orderId), {});
		await call("sale/customer", person);
		await call("sale/cart.add", { product_id: productId, quantity });
		await call("sale/payment_address", Object.assign({ payment_address_id: 0 }, address));
		await call("sale/shipping_address", Object.assign({ shipping_address_id: 0 }, address));
		await call("sale/shipping_method");
		await call("sale/shipping_method.save", { shipping_method: "flat.flat" });
		await call("sale/payment_method");
		await call("sale/payment_method.save", { payment_method: "cod.cod" });
		await call("sale/order.confirm", { order_status_id: 1 });
	}

	async placeOrder30(person, address, productId, quantity, orderId) {
		const token = await this.apiToken(), call = (route, fields = {}) => this.visitor.send("index.php?route=api/" + route + "&store_id=0&api_token=" + token, fields);

		await call("currency", { currency: "USD" });
		await call("customer", person);
		await call("cart/add", { product_id: productId, quantity });
		await call("payment/address", address);
		await call("shipping/address", address);
		await call("shipping/methods");
		await call("shipping/method", { shipping_method: "flat.flat" });
		await call("payment/methods");
		await call("payment/method", { payment_method: "cod" });
		await call(orderId ? "order/edit&order_id=" + orderId : "order/add", { order_status_id: 1, shipping_method: "flat.flat", payment_method: "cod", comment: "", affiliate_id: 0 });
	}

	/* names: { language id: name }. Gives the id. */
	async saveOrderStatus(names, id = 0) {
		const fields = { order_status: Object.fromEntries(Object.entries(names).map(([language, name]) => [language, { name }])) };

		if (this.four)
			await this.visitor.send(this.action("localisation/order_status", "save"), Object.assign({ order_status_id: id }, fields));
		else
			await this.form(this.route(id ? "localisation/order_status/edit" : "localisation/order_status/add", id ? "&order_status_id=" + id : ""), fields);
		return id || Number(this.world.db.value("SELECT MAX(order_status_id) FROM oc_order_status"));
	}

	deleteOrderStatus(id) {
		return this.selected("localisation/order_status", "delete", [id]);
	}

	/* 4.1 in the admin itself, older releases by the storefront's API. */
	async deleteOrder(id) {
		if (this.world.is("4.1"))
			return this.selected("sale/order", "delete", [id]);
		if (this.four)
			return this.visitor.send(this.action("sale/order", "call", "&action=sale/order.delete&store_id=0&language=en-gb"), { order_id: id, selected: { 0: id } });
		return this.visitor.send("index.php?route=api/order/delete&api_token=" + await this.apiToken() + "&order_id=" + id, {});
	}
}

module.exports = { Merchant, slug };
