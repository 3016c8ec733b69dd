/*
 * What Klaviyo must hold, worked out from the shop's tables alone (none of the extension's code, none of its tables but the consents),
 * and compared with what the sandbox holds, field by field.
 */
"use strict";

function decoded(text) {
	const named = { amp: "&", quot: "\"", lt: "<", gt: ">", apos: "'", nbsp: "\u00a0" };

	return String(text).replace(/&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi, (all, decimal, hex, name) =>
		decimal ? String.fromCodePoint(Number(decimal)) : hex ? String.fromCodePoint(parseInt(hex, 16)) : named[name] || all);
}

function plain(value) {
	return typeof value === "number" ? Number(value.toFixed(2)) : value;
}

/* Collects differences; says how many fields were looked at. */
class Report {
	constructor() {
		this.wrong = [];
		this.fields = 0;
	}

	same(what, got, want) {
		this.fields++;
		if (JSON.stringify(plain(got)) !== JSON.stringify(plain(want)))
			this.wrong.push(what + ": Klaviyo has " + JSON.stringify(got) + ", the shop " + JSON.stringify(want));
	}

	sameSet(what, got, want) {
		this.same(what, [...got].sort(), [...want].sort());
	}
}

/* A connection: which of OpenCart's stores, in which language and currency, and whose Klaviyo account has it; paths: categories are named by theirs. */
const FIRST = { store: 0, languageId: 1, language: "en-gb", currency: "USD", account: "main" };

class Comparison {
	constructor(world, view = FIRST) {
		this.world = world;
		this.db = world.db;
		this.view = view;
		this.base = view.url || world.url;
		this.report = new Report();
	}

	sandbox(what) {
		return this.world.sandbox(what, this.view.account);
	}

	/* All of it; gives the report. */
	async run() {
		this.state = await this.sandbox("state");
		this.readShop();
		this.ordered = (await this.sandbox("events?metric=" + encodeURIComponent("Ordered Product") + "&limit=1000")).events;
		this.categories();
		this.products();
		await this.people();
		await this.orders();
		return this.report;
	}

	/* All tables at once: a query for each product would take longer than the shop does. */
	readShop() {
		const { store, languageId } = this.view, newest = this.world.is("4.1"), open = "customer_group_id = 1 AND (date_start = '0000-00-00' OR date_start < NOW()) AND (date_end = '0000-00-00' OR date_end > NOW())";
		const special = newest ? `oc_product_discount WHERE quantity = 1 AND special = 1 AND ${open}` : `oc_product_special WHERE ${open}`;
		const discount = `oc_product_discount WHERE quantity = 1 AND ${newest ? "special = 0 AND " : ""}${open}`;

		this.table = this.db.tables({
			setting: `SELECT \`key\`, value FROM oc_setting WHERE store_id IN (0, ${store}) AND serialized = 0 ORDER BY store_id DESC`,
			category: `SELECT c.category_id, c.parent_id, cd.name FROM oc_category c JOIN oc_category_description cd USING (category_id) JOIN oc_category_to_store s USING (category_id) WHERE cd.language_id = ${languageId} AND s.store_id = ${store}`,
			product: `SELECT p.*, d.name, d.description AS html, m.name AS brand, p.date_available <= NOW() AS available FROM oc_product p JOIN oc_product_description d USING (product_id) JOIN oc_product_to_store s USING (product_id) LEFT JOIN oc_manufacturer m USING (manufacturer_id) WHERE d.language_id = ${languageId} AND s.store_id = ${store}`,
			code: newest ? "SELECT product_id, value FROM oc_product_code WHERE code = 'sku'" : "SELECT product_id, sku AS value FROM oc_product WHERE sku <> ''",
			special: `SELECT * FROM ${special} ORDER BY priority, price`,
			discount: `SELECT * FROM ${discount} ORDER BY priority, price`,
			link: `SELECT product_id, category_id FROM oc_product_to_category JOIN oc_category_to_store USING (category_id) WHERE store_id = ${store}`,
			seo: `SELECT * FROM oc_seo_url WHERE store_id = ${store} AND language_id = ${languageId}`,
			choice: "SELECT v.* FROM oc_product_option po JOIN oc_option o USING (option_id) JOIN oc_product_option_value v ON v.product_option_id = po.product_option_id JOIN oc_option_value ov ON ov.option_value_id = v.option_value_id WHERE po.required = 1 AND o.type IN ('select', 'radio') ORDER BY o.sort_order, po.product_option_id, ov.sort_order, v.product_option_value_id",
			rate: "SELECT DISTINCT u.tax_class_id, u.based, r.tax_rate_id, r.rate, r.type FROM oc_tax_rule u JOIN oc_tax_rate r USING (tax_rate_id) JOIN oc_tax_rate_to_customer_group g USING (tax_rate_id) JOIN oc_zone_to_geo_zone z USING (geo_zone_id) WHERE g.customer_group_id = 1 AND z.country_id = (SELECT value FROM oc_setting WHERE `key` = 'config_country_id' AND store_id = 0) AND z.zone_id IN (0, (SELECT value FROM oc_setting WHERE `key` = 'config_zone_id' AND store_id = 0))",
			customer: `SELECT * FROM oc_customer WHERE store_id = ${store}`,
			guest: `SELECT c.* FROM oc_pannier_consent c JOIN (SELECT MAX(consent_id) AS consent_id FROM oc_pannier_consent WHERE customer_id = 0 AND store_id = ${store} GROUP BY email) m USING (consent_id)`,
			order: `SELECT * FROM oc_order WHERE order_status_id > 0 AND store_id = ${store}`,
			history: "SELECT order_id, order_status_id FROM oc_order_history",
			line: "SELECT * FROM oc_order_product ORDER BY order_product_id",
			currency: "SELECT * FROM oc_currency"
		});
		const setting = (key) => (this.table.setting.find((row) => row.key === key) || {}).value;

		this.taxed = setting("config_tax") === "1";
		this.seo = setting("config_seo_url") === "1";
		this.currency = this.of("currency", "code", this.view.currency)[0];
		this.based = ["store", setting("config_tax_default")];
	}

	of(table, key, value) {
		return this.table[table].filter((row) => row[key] === String(value));
	}

	/* ---- categories ---- */

	categories() {
		const held = this.heldBy("categories");
		const shop = this.table.category;

		this.report.sameSet("categories", [...held.keys()], shop.map((row) => row.category_id));
		for (const row of shop)
			if (held.has(row.category_id))
				this.report.same("category " + row.category_id + " name", held.get(row.category_id).name, this.view.paths ? this.path(row) : decoded(row.name));
	}

	path(row) {
		const above = this.of("category", "category_id", row.parent_id)[0];

		return (above ? this.path(above) + " > " : "") + decoded(row.name);
	}

	/* external id -> attributes */
	heldBy(kind) {
		return new Map((this.state.accounts[0][kind] || []).map((one) => [one.external_id, one]));
	}

	/* ---- products ---- */

	/* An amount of the shop's own currency, whose rate is 1, in the connection's. */
	amount(value, rate = this.currency.value) {
		return Number((value * rate).toFixed(Number(this.currency.decimal_place)));
	}

	/* What a visitor is shown: with tax, in the connection's currency. */
	shown(price, taxClass) {
		return this.amount(this.withTax(price, taxClass));
	}

	/* Tax of the shop's own address on a price, as OpenCart's rules of 'store' and the default address say. */
	withTax(price, taxClass) {
		if (!this.taxed || taxClass === "0")
			return price;
		const rates = this.of("rate", "tax_class_id", taxClass).filter((rate) => this.based.includes(rate.based))
			.filter((rate, i, all) => all.findIndex((other) => other.tax_rate_id === rate.tax_rate_id) === i);

		return rates.reduce((sum, rate) => sum + (rate.type === "F" ? Number(rate.rate) : price * Number(rate.rate) / 100), price);
	}

	/* [price, price before a reduction or null], without tax. */
	priceOf(row) {
		const amount = (one) => one.type === "P" ? Number(row.price) * (1 - Number(one.price) / 100) : one.type === "S" ? Number(row.price) - Number(one.price) : Number(one.price);
		const discount = this.of("discount", "product_id", row.product_id)[0], special = this.of("special", "product_id", row.product_id)[0];
		const before = discount ? amount(discount) : Number(row.price);

		return special ? [amount(special), before] : [before, null];
	}

	products() {
		const held = this.heldBy("items");
		const rows = this.table.product;
		const masters = rows.filter((row) => !Number(row.master_id || 0));

		this.variantsHeld = this.heldBy("variants");
		this.variantsWanted = new Set();
		this.report.sameSet("products", [...held.keys()], masters.map((row) => row.product_id));
		for (const row of masters)
			if (held.has(row.product_id))
				this.product(row, held.get(row.product_id), rows.filter((other) => other.master_id === row.product_id));
		this.report.sameSet("variants", [...this.variantsHeld.keys()], [...this.variantsWanted]);
	}

	product(row, item, children) {
		const what = "product " + row.product_id + " ", [price, before] = this.priceOf(row);
		const path = row.image && row.image.split("/").map(encodeURIComponent).join("/");

		this.report.same(what + "title", item.title, decoded(row.name));
		this.report.same(what + "published", item.published, row.status === "1" && row.available === "1");
		this.report.same(what + "url", item.url, this.url(row.product_id));
		if (path)
			this.report.same(what + "image", item.image_full_url, this.base + "image/" + path);
		this.report.same(what + "brand", (item.custom_metadata || {}).brand || "", decoded(row.brand || ""));
		this.report.sameSet(what + "categories", item.categories || [], this.of("link", "product_id", row.product_id).map((one) => one.category_id));
		this.description(what, item, row);
		this.prices = [];
		this.variants(row, children, price);
		this.itemPrice(what, item, row, before === null ? 0 : before - price);
	}

	/* Of a single paragraph of text, which needs no knowledge of HTML. */
	description(what, item, row) {
		const text = /^<p>([^<]*)<\/p>$/.exec(decoded(row.html));

		if (text)
			this.report.same(what + "description", item.description, decoded(text[1]));
	}

	/* What a product is kept by in the store room: its SKU, else its model. */
	sku(row) {
		const code = this.of("code", "product_id", row.product_id)[0];

		return decoded(code ? code.value : row.model);
	}

	/* An item is shown with the price of the cheapest that can be bought of it, and with the one before of the same. */
	itemPrice(what, item, row, reduction) {
		const cheapest = this.prices.reduce((least, one) => one.price < least.price ? one : least);

		this.report.same(what + "price", item.price, cheapest.shown);
		if (cheapest.row === row && reduction > 0)
			this.report.same(what + "price before", Number((item.custom_metadata || {}).compare_at_price), this.shown(cheapest.price + reduction, row.tax_class_id));
	}

	/* As the shop's own pages link to it: this release's rows of seo_url for language, route and product. */
	url(productId) {
		if (!this.world.is("4"))
			return this.oldUrl(productId);
		if (!this.seo)
			return this.base + `index.php?route=product/product&language=${this.view.language}&product_id=${productId}`;
		const pairs = { route: "product/product", language: this.view.language, product_id: productId };
		const rows = this.table.seo.filter((row) => pairs[row.key] === row.value).sort((a, b) => a.sort_order - b.sort_order);
		const left = [["route", "product/product"], ["language", this.view.language], ["product_id", productId]].filter(([key]) => !rows.some((row) => row.key === key));

		return this.base.replace(/\/$/, "") + "/" + rows.map((row) => row.keyword).join("/") + (left.length ? "?" + left.map((pair) => pair.join("=")).join("&") : "");
	}

	oldUrl(productId) {
		const row = this.seo && this.of("seo", "query", "product_id=" + productId)[0];

		return this.base + (row ? row.keyword : "index.php?route=product/product&product_id=" + productId);
	}

	/* ---- variants ---- */

	variants(row, children, price) {
		const choices = this.choices(row.product_id);

		if (choices.length === 0 && children.length === 0)
			return this.variant(this.onlyVariant(row.product_id), row, price, Number(row.quantity), row.subtract === "1");
		for (const choice of choices) {
			const counts = [...(row.subtract === "1" ? [Number(row.quantity)] : []), ...choice.filter((value) => value.subtract === "1").map((value) => Number(value.quantity))];
			const surcharge = choice.reduce((sum, value) => sum + (value.price_prefix === "-" ? -1 : 1) * Number(value.price), 0);

			this.variant(row.product_id + "-" + choice.map((value) => value.product_option_value_id).join("."), row, price + surcharge, Math.min(...counts), counts.length > 0);
		}
		for (const child of children)
			this.variant(child.product_id, child, this.priceOf(child)[0], Number(child.quantity), child.subtract === "1");
	}

	/* A product without variants has one all the same. */
	onlyVariant(productId) {
		return [...this.variantsHeld.keys()].find((id) => this.variantsHeld.get(id).item === productId) || "the variant of " + productId;
	}

	variant(id, row, price, quantity, counted) {
		const held = this.variantsHeld.get(id);

		this.variantsWanted.add(id);
		this.prices.push({ row, price, shown: this.shown(price, row.tax_class_id) });
		if (!held)
			return;
		this.report.same("variant " + id + " sku", held.sku, this.sku(row));
		this.report.same("variant " + id + " price", held.price, this.shown(price, row.tax_class_id));
		if (counted)
			this.report.same("variant " + id + " quantity", held.inventory_quantity, Math.max(0, quantity));
	}

	choices(productId) {
		const rows = this.of("choice", "product_id", productId);
		const byOption = new Map();

		for (const row of rows)
			byOption.set(row.product_option_id, [...(byOption.get(row.product_option_id) || []), row]);
		return byOption.size === 0 ? [] : [...byOption.values()].reduce((all, values) => all.flatMap((choice) => values.map((value) => [...choice, value])), [[]]);
	}

	/* ---- people ---- */

	async people() {
		for (const row of this.table.customer) {
			const profile = await this.profile(row.email), what = "customer " + row.customer_id + " ";

			this.report.same(what + "is known", Boolean(profile), true);
			if (!profile)
				continue;
			this.report.same(what + "first name", profile.first_name, decoded(row.firstname));
			this.report.same(what + "last name", profile.last_name, decoded(row.lastname));
			this.report.same(what + "newsletter", this.subscribed(profile), row.newsletter === "1");
		}
		for (const row of this.table.guest) {
			const profile = await this.profile(row.email);

			this.report.same("guest " + row.email + " newsletter", Boolean(profile) && this.subscribed(profile), row.subscribed === "1");
		}
	}

	async profile(email) {
		const found = await this.sandbox("profiles?email=" + encodeURIComponent(email.toLowerCase()));
		const list = found.profiles || found.data || found;

		return Array.isArray(list) ? list[0] : list;
	}

	/* In the newsletter's list; there is only that one. */
	subscribed(profile) {
		return profile.subscriptions.email.marketing.consent === "SUBSCRIBED" && profile.lists.length > 0;
	}

	/* ---- orders ---- */

	async orders() {
		const meanings = { 1: "", 2: "", 3: "Fulfilled Order", 5: "Fulfilled Order", 7: "Cancelled Order", 11: "Refunded Order", 16: "Cancelled Order" };

		for (const row of this.table.order) {
			const events = (await this.sandbox("events?unique_id=" + row.order_id + "&limit=100")).events;
			const want = new Set(["Placed Order"]);
			const what = "order " + row.order_id + " ";

			for (const entry of this.of("history", "order_id", row.order_id))
				if (meanings[entry.order_status_id])
					want.add(meanings[entry.order_status_id]);
			this.report.sameSet(what + "events", events.map((event) => event.metric), [...want]);
			this.placed(what, row, events.find((event) => event.metric === "Placed Order"));
		}
	}

	placed(what, row, event) {
		if (!event)
			return;
		const { properties } = event, lines = this.of("line", "order_id", row.order_id);
		const rate = row.currency_code === this.view.currency ? row.currency_value : this.currency.value; /* as it was then, if it was paid in this one */

		this.report.same(what + "value", event.value, Number(row.total) * rate);
		this.report.same(what + "currency", event.value_currency, this.view.currency);
		this.report.same(what + "e-mail", event.email, row.email.toLowerCase());
		this.report.same(what + "lines", properties.Items.length, lines.length);
		for (const [i, line] of lines.entries()) {
			this.report.same(what + "line " + i + " quantity", properties.Items[i].Quantity, Number(line.quantity));
			this.report.same(what + "line " + i + " price", properties.Items[i].ItemPrice, (Number(line.price) + (this.taxed ? Number(line.tax) : 0)) * rate);
			this.report.same(what + "line " + i + " name", properties.Items[i].ProductName, decoded(line.name));
		}
		this.report.sameSet(what + "ordered products", this.ordered.map((one) => one.unique_id).filter((id) => id.startsWith(row.order_id + ":")), lines.map((line) => row.order_id + ":" + line.order_product_id));
	}
}

module.exports = { Comparison, FIRST, decoded };
