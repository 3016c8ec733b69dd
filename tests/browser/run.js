/*
 * The storefront's script in real Chromium. Runs every test below, prints one line each; exit code 1 if one failed, 77 where
 * there is no browser. Names as arguments run those alone.
 */
"use strict";

const assert = require("assert");
const fs = require("fs");
const path = require("path");
const { Daemon, Shop, until, newFolder, product, cart, PUBLIC_KEY } = require("./town.js");

const STUB = fs.readFileSync(path.join(__dirname, "klaviyo_stub.js"), "utf8");
const RULES = fs.readFileSync(path.join(__dirname, "adblock.txt"), "utf8").split("\n")
	.filter((line) => line && !line.startsWith("!"));
const AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36";
const FLAGS = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
	"--disable-component-update", "--disable-sync", "--disable-blink-features=AutomationControlled",
	"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"];

function skip(why) {
	console.log("skipped: browser: " + why);
	process.exit(77);
}

function findChromium() {
	return [process.env.PANNIER_CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]
		.find((file) => file && fs.existsSync(file));
}

function loadPlaywright() {
	try {
		return require("playwright-core").chromium;
	} catch (error) {
		return skip("tests/browser/node_modules is missing; tools/install-packages test brings it");
	}
}

/* Would a blocker with these rules block it? "||host^": that host and those below; else a part of the address. */
function isBlocked(address) {
	const url = new URL(address);

	return RULES.some((rule) => {
		const host = /^\|\|(.*)\^$/.exec(rule);

		return host ? url.hostname === host[1] || url.hostname.endsWith("." + host[1]) : address.includes(rule);
	});
}

/* ---- one visit of a browser ---- */

class Visit {
	constructor(world, context) {
		this.world = world;
		this.context = context;
		this.sent = [];
		this.n_sent = 0;
		this.complaints = [];
		this.loaded = [];
	}

	/* klaviyo: "stub", "blocked" (by the rules), or undefined: nobody should ask for it. */
	async open(klaviyo) {
		await this.context.route(/klaviyo\.com/, (route) => {
			this.loaded.push(route.request().url());
			if (klaviyo === "stub")
				return route.fulfill({ contentType: "text/javascript", body: STUB });
			assert(isBlocked(route.request().url()));
			return route.abort("blockedbyclient");
		});
		this.page = await this.newPage();
	}

	async newPage() {
		const page = await this.context.newPage();

		page.on("console", (message) => {
			if (/Content Security Policy|Trusted/i.test(message.text()))
				this.complaints.push(message.text());
		});
		page.on("pageerror", (error) => this.complaints.push(String(error)));
		page.on("request", (request) => {
			if (!request.url().endsWith("/events"))
				return;
			assert(!isBlocked(request.url()), "blockers would not like our address");
			this.note(JSON.parse(request.postData()).events);
		});
		return page;
	}

	/* An event whose answer was lost by leaving the page is sent again by the next one: the same event. */
	note(events) {
		this.sent.push(...events.filter((event) => !this.sent.some((known) => known.id === event.id)));
		this.n_sent += events.length;
	}

	async go(what, store) {
		await this.page.goto(`${this.world.shop.origin}/${what}${what.includes("?") ? "&" : "?"}store=${store}`);
		await this.quiet();
	}

	/* All that the page had queued to do at once is done. */
	quiet() {
		return this.page.evaluate(() => new Promise((done) => setTimeout(() => setTimeout(done, 0), 0)));
	}

	call(name, value) {
		return this.page.evaluate(([method, argument]) => window.pannier[method](argument), [name, value]);
	}

	types() {
		return this.sent.map((event) => event.type.replace("storefront.", ""));
	}

	find(type) {
		return this.sent.filter((event) => event.type === "storefront." + type);
	}

	stored() {
		return this.page.evaluate(() => Object.keys(window.localStorage).sort());
	}

	stubCalls(name) {
		return this.page.evaluate((method) => window.stubCalls.filter((call) => call[0] === method), name);
	}
}

/* So many more events than before are in the inbox, and no more. */
async function arrive(world, before, n) {
	await until(async () => await world.daemon.events() >= before + n,
		async () => `${n} events have arrived; there are ${await world.daemon.events() - before}`);
	assert.strictEqual(await world.daemon.events(), before + n);
}

/* ---- the tests ---- */

const tests = {
	async strict_csp(world, visit) {
		const before = await world.daemon.events();

		await visit.go("product", "server");
		await arrive(world, before, 2);
		assert.deepStrictEqual(visit.types(), ["active", "product_viewed"]);
		assert.deepStrictEqual(visit.find("product_viewed")[0].data.product, product(world.shop.origin));
		assert.deepStrictEqual(visit.complaints, []);
		assert.deepStrictEqual(visit.loaded, []);
		/* Seen again: it counts; active does not within a session. */
		await visit.go("product", "server");
		await arrive(world, before, 3);
		assert.deepStrictEqual(visit.types(), ["active", "product_viewed", "product_viewed"]);
		assert.strictEqual(visit.sent[2].data.anonymous_id, visit.sent[0].data.anonymous_id);
	},

	async structured_data(world, visit) {
		await visit.go("jsonld", "server");
		assert.deepStrictEqual(visit.find("product_viewed")[0].data.product, {
			product_id: "77", sku: "S77", name: "Pot", price: "12.50", currency: "EUR", brand: "B",
			url: world.shop.origin + "/jsonld?store=server", image_url: "https://cdn.example/pot.png"
		});
		assert.deepStrictEqual(visit.complaints, []);
	},

	async calls_before_the_script(world, visit) {
		const before = await world.daemon.events();

		await visit.go("early", "server");
		assert.deepStrictEqual(visit.types(), ["active", "identified", "category_viewed", "searched"]);
		assert(visit.sent.slice(1).every((event) => event.data.email === "ann@shop.example"));
		await visit.go("object", "server");
		assert.strictEqual(visit.find("product_viewed")[0].data.product.product_id, "5");
		await arrive(world, before, 5);
	},

	async klaviyo_blocked(world, visit) {
		const before = await world.daemon.events();

		await visit.go("product", "both");
		await arrive(world, before, 2);
		assert.deepStrictEqual(visit.types().sort(), ["active", "product_viewed"]);
		assert.strictEqual(visit.loaded.length, 1);
	},

	async both_counts_nothing_twice(world, visit) {
		const before = await world.daemon.events();

		await visit.go("customer", "both");
		await visit.go("product", "both");
		await arrive(world, before, 2);
		/* Active on Site and forms are klaviyo.js's, metrics are ours. */
		assert.deepStrictEqual(visit.types(), ["identified", "product_viewed"]);
		await until(() => visit.page.evaluate(() => window.stubCalls && window.stubCalls.length > 0), "the stub has run");
		assert.deepStrictEqual(await visit.stubCalls("track"), []);
		assert.strictEqual((await visit.stubCalls("trackViewedItem")).length, 1);
		await visit.call("cart", cart(world.shop.origin, 1));
		await visit.call("checkout", cart(world.shop.origin, 1));
		assert.deepStrictEqual(await visit.stubCalls("track"), []);
		await arrive(world, before, 4);
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
		await visit.go("cart?quantity=0", "server");
		await visit.go("cart?quantity=1", "server");
		await visit.go("cart?quantity=1", "server");
		await visit.go("cart?quantity=3", "server");
		await visit.go("cart?quantity=0", "server");
		assert.deepStrictEqual(visit.find("cart_changed").map((event) => {
			const added = event.data.cart.added;

			return added ? added.product_id + "*" + added.quantity : "none";
		}), ["1111*1", "1112*1", "1112*2", "none"]);
		await visit.go("checkout", "server");
		await visit.go("checkout", "server");
		assert.strictEqual(visit.find("checkout_started").length, 1);
	},

	async who_it_is(world, visit) {
		const cookie = Buffer.from(JSON.stringify({ cid: "abc", $exchange_id: "exchange-1" })).toString("base64");

		await visit.context.addCookies([{ name: "__kla_id", value: encodeURIComponent(cookie), url: world.shop.origin }]);
		await visit.go("product", "server");
		assert.deepStrictEqual(visit.types(), ["active", "identified", "product_viewed"]);
		assert.strictEqual(visit.sent[1].data.exchange_token, "exchange-1");
		await visit.context.clearCookies();
		await visit.go("product?_kx=from-a-link", "server");
		assert.strictEqual(visit.find("identified")[1].data.exchange_token, "from-a-link");
		assert.strictEqual(visit.find("product_viewed")[1].data.page_url, world.shop.origin + "/product?store=server");
		/* remembered on the next page, and not told again */
		await visit.go("product", "server");
		assert.strictEqual(visit.find("product_viewed")[2].data.exchange_token, "from-a-link");
		assert.strictEqual(visit.find("identified").length, 2);
		await visit.context.addCookies([{ name: "__kla_id", value: "%%%not-base64", url: world.shop.origin }]);
		await visit.go("customer", "server");
		assert.strictEqual(visit.find("identified")[2].data.email, "Ann@Shop.example");
		assert.deepStrictEqual(visit.complaints, []);
	},

	async leaving_at_once(world, visit) {
		const before = await world.daemon.events();

		await visit.page.goto(world.shop.origin + "/leave?store=server");
		await visit.page.waitForURL(/empty/);
		await arrive(world, before, 2);
		/* The tab is closed in the moment after. */
		await visit.go("empty", "server");
		const page = await visit.newPage();
		await page.goto(world.shop.origin + "/empty?store=server");
		await page.evaluate(() => window.pannier.product({ product_id: "last", name: "Last" }));
		await page.close();
		await arrive(world, before, 3);
	},

	async offline_then_online(world, visit) {
		const before = await world.daemon.events();

		await visit.go("empty", "server");
		await arrive(world, before, 1);
		await visit.context.setOffline(true);
		await visit.call("product", { product_id: "1", name: "One" });
		await visit.call("product", { product_id: "2", name: "Two" });
		await until(() => visit.page.evaluate(() => JSON.parse(localStorage.getItem("pannier_queue")).length === 2),
			"both wait");
		await visit.quiet();
		assert.strictEqual(await world.daemon.events(), before + 1);
		await visit.context.setOffline(false);
		await visit.page.evaluate(() => window.dispatchEvent(new Event("online")));
		await arrive(world, before, 3);
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
		await arrive(world, before, 2);
		assert.strictEqual(visit.sent.length, 2);
		assert.strictEqual(visit.n_sent, 4);
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
		await arrive(world, before, 2);
		assert.deepStrictEqual(visit.types().sort(), ["identified", "product_viewed"]);
		assert.strictEqual(visit.loaded.length, 1);
		/* kept for the next page */
		await visit.go("product", "wait");
		await arrive(world, before, 3);
		await visit.call("consent", false);
		assert.deepStrictEqual(await visit.stored(), ["pannier_consent"]);
		await visit.call("product", { product_id: "9" });
		await visit.quiet();
		await visit.go("product", "wait");
		assert.strictEqual(visit.sent.length, 3);
		assert.deepStrictEqual(await visit.stored(), ["pannier_consent"]);
	},

	async no_is_a_no_where_consent_is_assumed(world, visit) {
		await visit.go("empty", "server");
		assert.deepStrictEqual(visit.types(), ["active"]);
		await visit.call("consent", false);
		await visit.go("product", "server");
		assert.deepStrictEqual(visit.types(), ["active"]);
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
		world.shop.trusted = true;
		await visit.go("product", "server");
		world.shop.trusted = false;
		assert.deepStrictEqual(visit.types(), ["active", "product_viewed"]);
		assert.deepStrictEqual(visit.complaints, []);
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
	await arrive(world, before, 3);
	assert.deepStrictEqual(visit.types(), ["active", "product_viewed", "identified"]);
	/* Nobody knows what was in the cart before, so nobody says what was added. */
	await visit.go("cart?quantity=1", "server");
	await arrive(world, before, 5);
	assert.strictEqual(visit.find("cart_changed")[0].data.cart.added, undefined);
	assert.deepStrictEqual(visit.complaints, []);
}

/* ---- running them ---- */

async function makeWorld() {
	const folder = newFolder(), daemon = new Daemon(process.env.PANNIER_BIN, folder);
	const world = { folder, daemon, shop: new Shop(), stranger: new Shop() };

	await daemon.start();
	await world.shop.start(daemon);
	await world.stranger.start(daemon);
	const usual = { storefront_origins: world.shop.origin, storefront_consent: "assume" };
	daemon.addAccount();
	daemon.addStore("server", Object.assign({}, usual, { storefront_mode: "server" }));
	daemon.addStore("both", Object.assign({}, usual, { storefront_mode: "both" }));
	daemon.addStore("onsite", Object.assign({}, usual, { storefront_mode: "onsite", id_prefix: "x-" }));
	daemon.addStore("wait", Object.assign({}, usual, { storefront_mode: "both", storefront_consent: "wait" }));
	for (const name of ["server", "both", "onsite", "wait"])
		await until(async () => (await fetch(`${daemon.url}/s/${name}.js`)).ok, "the daemon knows store " + name);
	return world;
}

async function runOne(name, test, world, context) {
	const visit = new Visit(world, context), started = Date.now();
	const stubbed = /both|onsite|consent_is/.test(name);

	try {
		await visit.open(stubbed ? "stub" : "blocked");
		await test(world, visit);
		console.log(`ok    ${name} (${Date.now() - started} ms)`);
		return 0;
	} catch (error) {
		console.log(`FAIL  ${name}: ${error.stack}`);
		console.log("      sent: " + JSON.stringify(visit.types()) + "\n      complaints: " + visit.complaints.join("\n"));
		return 1;
	}
}

async function runShared(chromium, executablePath, world, wanted) {
	const browser = await chromium.launch({ executablePath, args: FLAGS, chromiumSandbox: false });
	let failed = 0;

	for (const name of Object.keys(tests).filter(wanted)) {
		const context = await browser.newContext({ userAgent: AGENT });

		failed += await runOne(name, tests[name], world, context);
		await context.close();
	}
	await browser.close();
	return failed;
}

async function runWithoutStorage(chromium, executablePath, world) {
	const profile = path.join(world.folder, "profile");

	fs.mkdirSync(path.join(profile, "Default"), { recursive: true });
	fs.writeFileSync(path.join(profile, "Default", "Preferences"),
		JSON.stringify({ profile: { default_content_setting_values: { cookies: 2 } } }));
	const context = await chromium.launchPersistentContext(profile,
		{ executablePath, args: FLAGS, userAgent: AGENT, chromiumSandbox: false });
	const failed = await runOne("storage_disabled", storage_disabled, world, context);

	await context.close();
	return failed;
}

async function main() {
	const chromium = loadPlaywright(), executablePath = findChromium() || skip("no chromium here");
	const names = process.argv.slice(2), wanted = (name) => names.length === 0 || names.includes(name);
	const world = await makeWorld();
	let failed = await runShared(chromium, executablePath, world, wanted);

	if (wanted("storage_disabled"))
		failed += await runWithoutStorage(chromium, executablePath, world);
	await world.shop.stop();
	await world.stranger.stop();
	failed += await world.daemon.stop() === 0 ? 0 : 1;
	fs.rmSync(world.folder, { recursive: true, force: true });
	return failed;
}

main().then((failed) => process.exit(failed ? 1 : 0), (error) => {
	console.log(error.stack);
	process.exit(1);
});
