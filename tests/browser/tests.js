/*
 * What the storefront's script must do in a browser, one function each.
 */
"use strict";

const assert = require("assert");
const { until, product, cart, PUBLIC_KEY } = require("./town.js");

/* The inbox was told so many events, or more: who leaves before the answer is there sends the same event again from the next page. */
async function arrived(world, before, n) {
	await until(async () => await world.daemon.events() >= before + n,
		async () => `${n} events have arrived; there are ${await world.daemon.events() - before}`);
}

/* So many events were sent, and all of them have arrived. */
async function arrive(world, visit, before, n) {
	await arrived(world, before, n);
	await until(() => visit.sent.length >= n, () => `${n} events were sent; there are ${visit.types()}`);
	assert.strictEqual(visit.sent.length, n, visit.types().join());
}

const tests = {
	async strict_csp(world, visit) {
		const before = await world.daemon.events();

		await visit.go("product", "server");
		await arrive(world, visit, before, 2);
		assert.deepStrictEqual(visit.types(), ["active", "product_viewed"]);
		assert.deepStrictEqual(visit.find("product_viewed")[0].data.product, product(world.shop.origin));
		assert.deepStrictEqual(visit.complaints, []);
		assert.deepStrictEqual(visit.loaded, []);
		/* Seen again: it counts; active does not within a session. */
		await visit.go("product", "server");
		await arrive(world, visit, before, 3);
		assert.deepStrictEqual(visit.types(), ["active", "product_viewed", "product_viewed"]);
		assert.strictEqual(visit.sent[2].data.anonymous_id, visit.sent[0].data.anonymous_id);
	},

	async structured_data(world, visit) {
		const before = await world.daemon.events();

		await visit.go("jsonld", "server");
		await arrive(world, visit, before, 2);
		assert.deepStrictEqual(visit.find("product_viewed")[0].data.product, {
			product_id: "77", sku: "S77", name: "Pot", price: "12.50", currency: "EUR", brand: "B",
			url: world.shop.origin + "/jsonld?store=server", image_url: "https://cdn.example/pot.png"
		});
		assert.deepStrictEqual(visit.complaints, []);
	},

	async calls_before_the_script(world, visit) {
		const before = await world.daemon.events();

		await visit.go("early", "server");
		await visit.told(["active", "identified", "category_viewed", "searched"]);
		assert(visit.sent.slice(1).every((event) => event.data.email === "ann@shop.example"));
		await visit.go("object", "server");
		await arrive(world, visit, before, 5);
		assert.strictEqual(visit.find("product_viewed")[0].data.product.product_id, "5");
	},

	async klaviyo_blocked(world, visit) {
		const before = await world.daemon.events();

		await visit.go("product", "both");
		await arrive(world, visit, before, 2);
		assert.deepStrictEqual(visit.types().sort(), ["active", "product_viewed"]);
		assert.strictEqual(visit.loaded.length, 1);
	},

	async both_counts_nothing_twice(world, visit) {
		const before = await world.daemon.events();

		await visit.go("customer", "both");
		await visit.go("product", "both");
		await arrive(world, visit, before, 2);
		/* Active on Site and forms are klaviyo.js's, metrics are ours. */
		assert.deepStrictEqual(visit.types(), ["identified", "product_viewed"]);
		await until(() => visit.page.evaluate(() => window.stubCalls && window.stubCalls.length > 0), "the stub has run");
		assert.deepStrictEqual(await visit.stubCalls("track"), []);
		assert.strictEqual((await visit.stubCalls("trackViewedItem")).length, 1);
		await visit.call("cart", cart(world.shop.origin, 1));
		await visit.call("checkout", cart(world.shop.origin, 1));
		assert.deepStrictEqual(await visit.stubCalls("track"), []);
		await arrive(world, visit, before, 4);
	},

	async onsite_pushes_the_snippets(world, visit) {
		const before = await world.daemon.events(), origin = world.shop.origin;

		await visit.go("product", "onsite");
		await until(() => visit.page.evaluate(() => window.stubCalls && window.stubCalls.length > 1), "the stub has run");
		assert.deepStrictEqual(visit.loaded, ["https://static.klaviyo.com/onsite/js/klaviyo.js?company_id=" + PUBLIC_KEY]);
		assert.deepStrictEqual(await visit.stubCalls("track"), [["track", "Viewed Product", {
			ProductName: "A Tale of Two Cities", ProductID: "x-1112", SKU: "TALEOFTWO", Categories: ["Fiction", "Classics"],
			ImageURL: origin + "/two.png", URL: origin + "/two", Brand: "Harcourt Classics", Price: 19.99, CompareAtPrice: 24.99
		}]]);
		assert.deepStrictEqual(await visit.stubCalls("trackViewedItem"), [["trackViewedItem", {
			Title: "A Tale of Two Cities", ItemId: "x-1112", Categories: ["Fiction", "Classics"], ImageUrl: origin + "/two.png",
			Url: origin + "/two", Metadata: { Brand: "Harcourt Classics", Price: 19.99, CompareAtPrice: 24.99 }
		}]]);
		await visit.call("cart", cart(origin, 0));
		await visit.call("cart", cart(origin, 1));
		await visit.call("checkout", cart(origin, 1));
		const [, first, added, started] = await visit.stubCalls("track");
		assert.strictEqual(first[2].AddedItemProductName, "Winnie the Pooh");
		assert.strictEqual(added[1], "Added to Cart");
		assert.deepStrictEqual(Object.keys(added[2]), ["$value", "$value_currency", "AddedItemProductName",
			"AddedItemProductID", "AddedItemSKU", "AddedItemCategories", "AddedItemImageURL", "AddedItemURL",
			"AddedItemPrice", "AddedItemQuantity", "ItemNames", "CheckoutURL", "Items"]);
		assert.strictEqual(added[2].$value, 29.98);
		assert.strictEqual(added[2].AddedItemProductID, "x-1112");
		assert.deepStrictEqual(added[2].ItemNames, ["Winnie the Pooh", "A Tale of Two Cities"]);
		assert.deepStrictEqual(added[2].Items[0], {
			ProductID: "x-1111", SKU: "WINNIEPOOH", ProductName: "Winnie the Pooh", Quantity: 1, ItemPrice: 9.99,
			RowTotal: 9.99, ProductURL: origin + "/pooh", ImageURL: origin + "/pooh.png",
			ProductCategories: ["Fiction", "Children"]
		});
		assert.strictEqual(started[1], "Started Checkout");
		assert(/^1000123_\d{10}$/.test(started[2].$event_id));
		assert.deepStrictEqual(started[2].Categories, ["Fiction", "Children", "Classics"]);
		assert.deepStrictEqual(visit.sent, []);
		assert.strictEqual(await world.daemon.events(), before);
		assert.deepStrictEqual(visit.complaints, []);
	},

	async carts_are_compared(world, visit) {
		const before = await world.daemon.events();

		await visit.go("cart?quantity=0", "server");
		await visit.go("cart?quantity=1", "server");
		await visit.go("cart?quantity=1", "server");
		await visit.go("cart?quantity=3", "server");
		await visit.go("cart?quantity=0", "server");
		await arrive(world, visit, before, 5);
		assert.deepStrictEqual(visit.find("cart_changed").map((event) => {
			const added = event.data.cart.added;

			return added ? added.product_id + "*" + added.quantity : "none";
		}), ["1111*1", "1112*1", "1112*2", "none"]);
		await visit.go("checkout", "server");
		await visit.go("checkout", "server");
		await arrive(world, visit, before, 6);
		assert.strictEqual(visit.find("checkout_started").length, 1);
	},

	async who_it_is(world, visit) {
		const before = await world.daemon.events();
		const cookie = Buffer.from(JSON.stringify({ cid: "abc", $exchange_id: "exchange-1" })).toString("base64");

		await visit.context.addCookies([{ name: "__kla_id", value: encodeURIComponent(cookie), url: world.shop.origin }]);
		await visit.go("product", "server");
		await visit.told(["active", "identified", "product_viewed"]);
		assert.strictEqual(visit.sent[1].data.exchange_token, "exchange-1");
		await visit.context.clearCookies();
		await visit.go("product?_kx=from-a-link", "server");
		await arrive(world, visit, before, 5);
		assert.strictEqual(visit.find("identified")[1].data.exchange_token, "from-a-link");
		assert.strictEqual(visit.find("product_viewed")[1].data.page_url, world.shop.origin + "/product?store=server");
		/* remembered on the next page, and not told again */
		await visit.go("product", "server");
		await arrive(world, visit, before, 6);
		assert.strictEqual(visit.find("product_viewed")[2].data.exchange_token, "from-a-link");
		assert.strictEqual(visit.find("identified").length, 2);
		await visit.context.addCookies([{ name: "__kla_id", value: "%%%not-base64", url: world.shop.origin }]);
		await visit.go("customer", "server");
		await arrive(world, visit, before, 7);
		assert.strictEqual(visit.find("identified")[2].data.email, "Ann@Shop.example");
		assert.deepStrictEqual(visit.complaints, []);
	},

	async leaving_at_once(world, visit) {
		const before = await world.daemon.events();

		/* A request of a page that is left does not survive its being held up for the blocker. */
		await visit.context.unrouteAll();
		await visit.page.goto(world.shop.origin + "/leave?store=server");
		await visit.page.waitForURL(/empty/);
		await arrived(world, before, 2);
		/* The tab is closed in the moment after. */
		await visit.go("empty", "server");
		const page = await visit.newPage();
		await page.goto(world.shop.origin + "/empty?store=server");
		await page.evaluate(() => window.pannier.product({ product_id: "last", name: "Last" }));
		await page.close();
		await arrived(world, before, 3);
	},

	async offline_then_online(world, visit) {
		const before = await world.daemon.events();

		await visit.go("empty", "server");
		await arrive(world, visit, before, 1);
		await visit.context.setOffline(true);
		const taken = await world.daemon.events();
		await visit.call("product", { product_id: "1", name: "One" });
		await visit.call("product", { product_id: "2", name: "Two" });
		await until(() => visit.page.evaluate(() => JSON.parse(localStorage.getItem("pannier_queue")).length === 2),
			"both wait");
		await visit.quiet();
		assert.strictEqual(await world.daemon.events(), taken);
		await visit.context.setOffline(false);
		await visit.page.evaluate(() => window.dispatchEvent(new Event("online")));
		await arrive(world, visit, before, 3);
		await until(() => visit.page.evaluate(() => JSON.parse(localStorage.getItem("pannier_queue")).length === 0),
			"nothing waits any more");
	},

	async what_was_not_taken_is_sent_by_the_next_page(world, visit) {
		const before = await world.daemon.events(), address = world.daemon.url + "/s/server/events";

		await visit.context.route(address, (route) => route.fulfill({
			status: 503, headers: { "Access-Control-Allow-Origin": "*" }
		}));
		await visit.go("product", "server");
		await until(() => visit.sent.length === 2, "it was tried");
		await visit.context.unroute(address);
		await visit.go("empty", "server");
		await arrive(world, visit, before, 2);
		assert(visit.n_sent >= 4); /* a slow page tries once more itself */
	},

	async consent_is_waited_for(world, visit) {
		const before = await world.daemon.events();

		await visit.go("product", "wait");
		await visit.call("identify", { email: "ann@shop.example" });
		await visit.quiet();
		assert.deepStrictEqual(visit.sent, []);
		assert.deepStrictEqual(visit.loaded, []);
		assert.deepStrictEqual(await visit.stored(), []);
		await visit.call("consent", true);
		await arrive(world, visit, before, 2);
		assert.deepStrictEqual(visit.types().sort(), ["identified", "product_viewed"]);
		assert.strictEqual(visit.loaded.length, 1);
		/* kept for the next page */
		await visit.go("product", "wait");
		await arrive(world, visit, before, 3);
		await visit.call("consent", false);
		assert.deepStrictEqual(await visit.stored(), ["pannier_consent"]);
		await visit.call("product", { product_id: "9" });
		await visit.quiet();
		await visit.go("product", "wait");
		assert.strictEqual(visit.sent.length, 3);
		assert.deepStrictEqual(await visit.stored(), ["pannier_consent"]);
	},

	async no_is_a_no_where_consent_is_assumed(world, visit) {
		const before = await world.daemon.events();

		await visit.go("empty", "server");
		await arrive(world, visit, before, 1);
		await visit.told(["active"]);
		await visit.call("consent", false);
		await visit.go("product", "server");
		await visit.told(["active"]);
	},

	async signals_of_the_browser_stand_above_consent(world, visit) {
		const signals = [
			"Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { get: () => true })",
			"Object.defineProperty(Navigator.prototype, 'doNotTrack', { get: () => '1' })",
			"Object.defineProperty(Navigator.prototype, 'webdriver', { get: () => true })",
			"document.cookie = '__kla_off=true'"
		];

		for (const signal of signals) {
			const page = visit.page = await visit.newPage();

			await page.addInitScript(signal);
			await visit.go("product", "server");
			await visit.call("consent", true);
			await visit.call("identify", { email: "ann@shop.example" });
			await visit.quiet();
			assert.deepStrictEqual(visit.sent, [], signal);
			assert.deepStrictEqual((await visit.stored()).filter((name) => name !== "pannier_consent"), []);
			await page.close();
		}
	},

	async another_shop_may_not(world, visit) {
		const before = await world.daemon.events(), refused = await world.daemon.count("beacon_refused");

		await visit.page.goto(world.stranger.origin + "/product?store=server");
		await until(async () => await world.daemon.count("beacon_refused") > refused, "it was refused");
		assert.strictEqual(await world.daemon.events(), before);
	},

	async trusted_types(world, visit) {
		const before = await world.daemon.events();

		world.shop.trusted = true;
		await visit.go("product", "server");
		await visit.told(["active", "product_viewed"]);
		assert.deepStrictEqual(visit.complaints, []);
		/* klaviyo.js may not be loaded then, and the rest goes on. */
		await visit.go("product", "both");
		world.shop.trusted = false;
		await arrive(world, visit, before, 3);
		assert.deepStrictEqual(visit.types().slice(2), ["product_viewed"]);
		assert.deepStrictEqual(visit.loaded, []);
	}
};

/* In a browser of its own, whose settings forbid sites to keep anything. */
async function storage_disabled(world, visit) {
	const before = await world.daemon.events();

	await visit.go("product", "server");
	assert.strictEqual(await visit.page.evaluate(() => {
		try {
			return typeof window.localStorage;
		} catch (error) {
			return error.name;
		}
	}), "SecurityError");
	await visit.call("identify", { email: "ann@shop.example" });
	await arrive(world, visit, before, 3);
	assert.deepStrictEqual(visit.types(), ["active", "product_viewed", "identified"]);
	/* Nobody knows what was in the cart before, so nobody says what was added. */
	await visit.go("cart?quantity=1", "server");
	await arrive(world, visit, before, 5);
	assert.strictEqual(visit.find("cart_changed")[0].data.cart.added, undefined);
	assert.deepStrictEqual(visit.complaints, []);
}

module.exports = { tests, storage_disabled };
