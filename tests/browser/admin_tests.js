/*
 * What the screens must do in a browser, one function each. They share one demo, in this order.
 */
"use strict";

const assert = require("assert");
const crypto = require("crypto");
const fs = require("fs");
const http = require("http");
const path = require("path");
const zlib = require("zlib");
const { PASSWORD, WIDE, NARROW } = require("./admin_world.js");
const { assertAccessible, assertFits, loadAxe, show } = require("./admin_look.js");
const { PAYLOADS } = require("./polyglots.js");
const { until } = require("./town.js");

const OWNER = "zoe@shop.example";
const LAYOUT = path.join(__dirname, "layout.json");
const SCREENS = ["", "activity", "failed", "held", "catalog", "people", "search?q=A-1001", "story/A-1001?store=demo-generic", "sync",
	"settings", "settings/defaults", "settings/stores/demo-generic", "settings/accounts/demo", "users", "me", "connect", "connected", "store", "waiting/demo-enad",
	"nowhere"];

/* The times of rows are there to the second, also yesterday's. */
async function assertTimesFit(page) {
	const cut = await page.evaluate(async () => {
		const { timeShort } = await import(new URL("core/format.js", document.querySelector("script[type=module]").src));
		const yesterday = new Date(2026, 11, 30, 22, 48, 33);
		const isCut = (one) => one.scrollWidth > one.clientWidth;
		const cells = [...document.querySelectorAll(".row-time")], before = cells.filter(isCut).length;

		cells[0].textContent = timeShort(yesterday.toISOString(), new Date(2026, 11, 31));
		return { cells: cells.length > 0, before, yesterday: isCut(cells[0]), text: cells[0].textContent };
	});

	assert.strictEqual(/30.*48:33/.test(cut.text) && !/2026/.test(cut.text), true, cut.text);
	assert.deepStrictEqual({ ...cut, text: "" }, { cells: true, before: 0, yesterday: false, text: "" });
}

/* What is changed, after a look at what it does. */
async function save(page) {
	await page.getByRole("button", { name: "Review and save" }).click();
	await page.locator("dialog .changes").waitFor();
	await page.getByRole("button", { name: "Save", exact: true }).click();
}

async function lookAt(page, screen, [size, colorScheme]) {
	await page.setViewportSize(size);
	await page.emulateMedia({ colorScheme });
	await show(page, screen);
	await assertFits(page, `${screen} at ${size.width}`);
	await assertAccessible(page, `${screen} at ${size.width}, ${colorScheme}`);
}

/* Every screen; modesOf(its number) gives the modes to look at it in, each [size, colours]. */
async function lookAtAll(world, visit, modesOf) {
	const page = visit.page;

	await world.admin.signIn(page, OWNER);
	await loadAxe(page);
	for (const [i, screen] of SCREENS.entries())
		for (const mode of modesOf(i))
			await lookAt(page, screen, mode);
	assert.deepStrictEqual(visit.complaints, []);
}

/* A file as the wire has it: { headers, body } of bytes. */
function fetchRaw(url, headers) {
	return new Promise((done, fail) => http.get(url, { headers }, (answer) => {
		const parts = [];

		answer.on("data", (part) => parts.push(part));
		answer.on("end", () => done({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(parts) }));
	}).on("error", fail));
}

/* The six digits of a secret in base32 (RFC 6238) at this moment. */
function totpOf(secret) {
	const bits = [...secret.replace(/=+$/, "")].map((c) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(c)
		.toString(2).padStart(5, "0")).join("");
	const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
	const count = Buffer.alloc(8);

	count.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000)));
	const mac = crypto.createHmac("sha1", key).update(count).digest();
	return String((mac.readUInt32BE(mac[19] & 15) & 0x7fffffff) % 1000000).padStart(6, "0");
}

/* In the page: name, left edge and width of what a screen is made of, in the order it stands in. */
function boxesOf() {
	const parts = "nav.side, main h1, main section.card[id]:not([id^=group-]), main section.card[id]:not([id^=group-]) > header";

	return [...document.querySelectorAll(parts)].map((one) => {
		const box = one.getBoundingClientRect(), owner = one.closest("section");

		return [one.tagName.toLowerCase() + (owner ? " " + owner.id : ""), Math.round(box.left), Math.round(box.width)];
	});
}

/* Edges and widths may differ by so much; of headings, whose width is that of their text, only the edge counts. */
const LAYOUT_PX = 12;

function compareLayouts(want, got) {
	for (const screen of Object.keys(want)) {
		assert.deepStrictEqual(got[screen].map(([name]) => name), want[screen].map(([name]) => name), screen);
		for (const [i, [name, left, width]] of want[screen].entries()) {
			const [, gotLeft, gotWidth] = got[screen][i], near = (a, b) => Math.abs(a - b) <= LAYOUT_PX;

			assert(near(gotLeft, left) && (name === "h1" || near(gotWidth, width)), `${screen}: ${name} is at ${got[screen][i].slice(1)}, not at ${[left, width]}`);
		}
	}
}

/* However narrow the screen and long the text: lines of lists are as wide as the list, a heading leaves room for the rest. */
async function assertReadable(page) {
	await page.setViewportSize(NARROW);
	await show(page, "held");
	await page.locator(".stores .store-name").first().waitFor();
	const parts = await page.locator(".stores .store-name").evaluateAll((all) => all.map((one) => one.offsetWidth / one.parentElement.offsetWidth));

	assert(parts.length > 0 && parts.every((part) => part > 0.9), "the names have of the width " + parts);
	await show(page, `story/x${PAYLOADS.length - 1}?store=demo-generic`);
	await page.getByRole("heading", { level: 1, name: /x{80}… – Product/ }).waitFor();
}

const tests = {
	/* The link of the daemon's start leads to an owner, who is led to the key. */
	async admin_first_owner(world, visit) {
		const page = visit.page;

		await page.goto(world.admin.link);
		await page.getByRole("button", { name: "Create owner" }).click();
		await page.getByText("Use at least 12 characters.").waitFor();
		await page.getByLabel("Name").fill(OWNER);
		await page.getByLabel("New password").fill(PASSWORD);
		await page.getByRole("button", { name: "Create owner" }).click();
		await page.getByRole("heading", { name: "Connect Klaviyo" }).waitFor();
		assert.strictEqual(new URL(page.url()).hash, "");
		await page.getByRole("button", { name: "Sign out" }).click();
		await page.getByRole("heading", { name: "Sign in to Pannier" }).waitFor();
		await page.getByLabel("Name").fill(OWNER);
		await page.getByLabel("Password").fill("not this one");
		await page.getByRole("button", { name: "Sign in" }).click();
		await page.getByText("Wrong name, password or code").waitFor();
		assert.deepStrictEqual(visit.complaints, []);
	},

	/* A new shop is waited for, and its first message turns the page green by itself. */
	async admin_first_message(world, visit) {
		const page = visit.page, secret = world.admin.folder + "/generic-secret.txt";

		world.admin.run("store", "add", "fresh", "--platform", "generic", "--account", "demo", "--secret-file", secret, "--set", "id_prefix=fresh-");
		await world.admin.signIn(page, OWNER);
		await page.goto(world.admin.url + "/admin/waiting/fresh");
		await page.getByText("Waiting for your shop's first message").waitFor();
		await page.getByText(world.admin.url + "/hooks/generic/fresh").first().waitFor();
		await world.admin.send({ type: "price.changed", data: { product_id: "mug-9", price: "12.50", currency: "EUR" } }, "fresh");
		await page.getByText("Your shop is connected").waitFor();
		await page.getByText("Message processed").first().waitFor();
		assert.deepStrictEqual(visit.complaints, []);
	},

	/* One question, one answer, and from it the whole story. */
	async admin_where_is_my_order(world, visit) {
		const page = visit.page;

		await world.admin.signIn(page, OWNER);
		await page.keyboard.press("/");
		await page.keyboard.type("Where is my order #A-1001?");
		await page.keyboard.press("Enter");
		await page.getByText(/Klaviyo has it/).first().waitFor();
		await page.getByRole("link", { name: "Full story" }).first().click();
		await page.getByRole("heading", { name: "What happened" }).waitFor();
		await page.getByText("What Klaviyo was sent").first().waitFor();
		/* Its events were accepted; that is all that Klaviyo says of events. */
		await page.locator(".parts li", { hasText: "event" }).getByText("accepted", { exact: true }).first().waitFor();
		assert.strictEqual(await page.getByText("not yet there").count(), 0);
		await page.goBack();
		await page.getByText(/Klaviyo has it/).first().waitFor();
	},

	/* A thing is called by its title, with its id; what Klaviyo refused of it is said so. */
	async admin_story_of_a_product(world, visit) {
		const page = visit.page;
		const product = { product_id: "named-1", title: "Mug, red", url: "https://shop.example/named", price: "1.00", currency: "EUR" };
		const knobs = (change) => fetch(world.admin.sandbox + "/sandbox/knobs", { method: "POST", body: JSON.stringify(change) });
		const tell = (row) => world.admin.send({ type: "product.upserted", data: row });

		await tell(product);
		await world.admin.signIn(page, OWNER);
		await show(page, "story/named-1?store=demo-generic&kind=product");
		await page.getByRole("heading", { level: 1, name: "Mug, red – Product named-1" }).waitFor();
		await page.locator(".parts li", { hasText: "item" }).getByText("in Klaviyo", { exact: true }).waitFor();
		assert((await knobs({ reject_external_id: ["mugs-named-1"] })).ok);
		await tell({ ...product, title: "Mug, blue" });
		await page.locator(".parts li", { hasText: "item" }).getByText("failed", { exact: true }).waitFor();
		await show(page, "catalog?store=demo-generic&search=named-1");
		await page.locator("#browse li", { hasText: "named-1" }).getByText("failed", { exact: true }).waitFor();
		await show(page, "story/named-1?store=demo-generic&kind=product");
		assert((await knobs({ reject_external_id: [] })).ok);
		await tell({ ...product, title: "Mug, green" });
		await page.getByRole("heading", { level: 1, name: "Mug, green – Product named-1" }).waitFor();
		await page.locator(".parts li", { hasText: "item" }).getByText("in Klaviyo", { exact: true }).waitFor();
		assert.deepStrictEqual(visit.complaints, []);
	},

	/* A row opens the whole way: what came, the request that left, what came back. */
	async admin_story_of_a_delivery(world, visit) {
		const page = visit.page;

		await world.admin.signIn(page, OWNER);
		await show(page, "activity?code=delivery_accepted&store=demo-generic");
		await assertTimesFit(page);
		await page.locator("a.row").first().click();
		await page.getByText("Send attempts").first().waitFor({ state: "attached" });
		await page.evaluate(() => document.querySelectorAll("main details").forEach((one) => { one.open = true; }));
		await page.getByText(/^HTTP 20[0-9]$/).first().waitFor();
		await page.getByText(/^(POST|PATCH|DELETE) http.*\/api\//).first().waitFor();
		await page.getByText("Original message").first().waitFor();
		assert.strictEqual(/pk_[0-9a-z]{20}|Klaviyo-API-Key/.test(await page.content()), false);
		assert.deepStrictEqual(visit.complaints, []);
	},

	/* What happens while one looks stands above what was there. */
	async admin_activity_is_live(world, visit) {
		const page = visit.page;

		await world.admin.signIn(page, OWNER);
		await show(page, "activity?kind=product&id=live-1&store=demo-generic");
		await page.getByText("No matches for these filters").waitFor();
		await world.admin.send({ type: "price.changed", data: { product_id: "live-1", price: "1.00", currency: "EUR" } });
		await page.getByRole("link", { name: /Message processed.*live-1/ }).first().waitFor();
		await page.getByRole("link", { name: /Held back.*live-1/ }).first().waitFor();
	},

	/* What shops and Klaviyo say is text, whatever it looks like. */
	async admin_hostile_texts(world, visit) {
		const page = visit.page, screens = ["", "activity", "held", "catalog", "failed", "story/x0?store=demo-generic", "search?q=x0"];

		await world.admin.signIn(page, OWNER);
		for (const [i, text] of PAYLOADS.entries())
			await world.admin.send({
				type: "product.upserted", data: { product_id: "x" + i, title: text, description: text, url: "https://shop.example/" + i, sku: text }
			});
		for (const text of PAYLOADS.slice(0, 4))
			await world.admin.send({ type: text.slice(0, 60), data: { title: text } }).catch(() => null);
		await page.evaluate(() => { window.struck = 0; window.alert = () => { window.struck++; }; });
		for (const screen of screens.concat(PAYLOADS.map((text) => "search?q=" + encodeURIComponent(text)))) {
			await show(page, screen);
			assert.strictEqual(await page.evaluate(() => window.struck), 0, screen);
			assert.strictEqual(await page.evaluate(() => document.querySelectorAll("main script, main img, main iframe, main [onerror]").length), 0, screen);
		}
		await show(page, "story/x0?store=demo-generic");
		for (const summary of await page.locator(".parts summary").all())
			await summary.click();
		await page.getByText(PAYLOADS[0].slice(0, 20)).first().waitFor();
		await assertReadable(page);
		assert.strictEqual(await page.evaluate(() => window.struck), 0);
		assert.deepStrictEqual(visit.complaints, []);
	},

	/* From a key to an account, a shop, and what its orders would become. */
	async admin_connects(world, visit) {
		const page = visit.page;

		await world.admin.signIn(page, OWNER);
		await show(page, "connect?first=1");
		await page.getByLabel("Private API key").fill("pk_" + "0".repeat(34));
		await page.getByText("Use a different API address").click();
		await page.getByLabel("Klaviyo API address").fill(world.admin.sandbox);
		await page.getByRole("button", { name: "Check key" }).click();
		await page.getByText("all required scopes granted").waitFor();
		await page.getByLabel("Account name in Pannier").fill("second");
		await page.getByRole("button", { name: "Connect", exact: true }).click();
		await page.getByText("Generic").first().click();
		await page.getByLabel("Store name in Pannier").fill("second-shop");
		await page.getByRole("button", { name: "Add store" }).click();
		await page.getByText("Waiting for your shop's first message").waitFor();
		await page.getByText("shown once").waitFor();
		await page.getByRole("button", { name: "Show sample" }).click();
		await page.getByText(/"name": "Placed Order"/).first().waitFor();
		await page.getByRole("button", { name: "Send sample" }).click();
		await page.getByLabel("Your own email address").fill("zoe@shop.example");
		await page.locator("dialog").getByRole("button", { name: "Send sample" }).click();
		await page.locator("#sample").getByText("Klaviyo has it").waitFor();
		await page.locator("#sample").getByText("Sent manually").waitFor();
		assert.deepStrictEqual(visit.complaints, []);
	},

	/* Two browsers change one setting: the second is told, loses nothing, decides. */
	async admin_two_at_once(world, visit) {
		const mine = visit.page, theirs = await visit.newPage();

		await world.admin.signIn(mine, OWNER);
		await theirs.goto(world.admin.url + "/admin/settings/stores/demo-enad");
		await show(mine, "settings/stores/demo-enad");
		await mine.getByLabel("ID prefix").fill("mine-");
		await mine.getByRole("switch", { name: "Send customer profiles" }).click();
		await theirs.getByLabel("ID prefix").fill("theirs-");
		await save(theirs);
		await theirs.getByRole("button", { name: "Undo", exact: true }).waitFor();
		await save(mine);
		await mine.getByText("Someone else changed the same settings").waitFor();
		assert.strictEqual(await mine.getByLabel("ID prefix").inputValue(), "mine-");
		await save(mine);
		await mine.getByRole("button", { name: "Undo", exact: true }).waitFor();
		assert(world.admin.run("store", "show", "demo-enad").includes("mine-"));
	},

	/* The statuses that a kind of shop comes with stand there with what each means; only what differs is kept. */
	async admin_order_statuses(world, visit) {
		const page = visit.page, kept = () => /order_states +(\S.*?)\s*$/m.exec(world.admin.run("store", "show", "cart-shop"))[1];

		fs.writeFileSync(path.join(world.admin.folder, "cart-secret.txt"), "sixteen-characters", { mode: 0o600 });
		world.admin.run("store", "add", "cart-shop", "--platform", "opencart", "--account", "demo", "--secret-file", path.join(world.admin.folder, "cart-secret.txt"));
		await world.admin.signIn(page, OWNER);
		await show(page, "settings/stores/cart-shop");
		const complete = page.getByLabel("Complete 5");
		await complete.waitFor();
		assert.strictEqual(await complete.inputValue(), "fulfilled");
		await complete.selectOption("paid");
		await page.getByLabel("Refunded 11").selectOption("nothing");
		await page.getByRole("group", { name: "Other statuses, by name or ID" }).getByRole("button", { name: "Add row" }).click();
		await page.getByLabel("status in the shop").last().fill("At the tailor's");
		await save(page);
		await page.getByRole("button", { name: "Undo", exact: true }).first().waitFor();
		assert.match(kept(), /^5=paid, 11=nothing, At the tailor's=placed/);
		await complete.selectOption("fulfilled");
		await save(page);
		await page.getByRole("button", { name: "Undo", exact: true }).first().waitFor();
		assert.match(kept(), /^11=nothing, At the tailor's=placed/);
	},

	/* What an OpenCart told of its own statuses (as one recorded them), and what a shop of any kind told: by name, those nobody knows marked. */
	async admin_shop_statuses(world, visit) {
		const page = visit.page, kept = (store) => /order_states +(\S.*?)\s*$/m.exec(world.admin.run("store", "show", store))[1];
		const row = (id) => page.locator(".status").filter({ has: page.locator(`#status-${id}`) });

		fs.writeFileSync(path.join(world.admin.folder, "own-secret.txt"), "sixteen-characters", { mode: 0o600 });
		world.admin.run("store", "add", "own-statuses", "--platform", "opencart", "--account", "demo", "--secret-file", path.join(world.admin.folder, "own-secret.txt"),
			"--set", "order_states=22=nothing");
		world.admin.run("send", "own-statuses", path.join(__dirname, "../fixtures/opencart/shop.updated.json"));
		await world.admin.signIn(page, OWNER);
		await show(page, "settings/stores/own-statuses");
		await page.getByText("The order statuses your shop reported").waitFor();
		assert.deepStrictEqual(await page.locator(".status label").allInnerTexts(), ["Complete 5", "Packing & more 17", "Paid by bank 18"]);
		assert.deepStrictEqual(await page.locator(".status select").evaluateAll((all) => all.map((one) => one.value)), ["fulfilled", "placed", "paid"]);
		assert.deepStrictEqual([await row(5).getByText("unknown").count(), await row(17).getByText("unknown").count()], [0, 1]);
		await row(17).getByText("Emballage").waitFor();
		await page.getByLabel("Packing & more 17").selectOption("nothing");
		assert.strictEqual(await row(17).getByText("unknown").count(), 0);
		assert.strictEqual(await page.getByLabel("status in the shop").inputValue(), "22");
		await save(page);
		await page.getByRole("button", { name: "Undo", exact: true }).first().waitFor();
		assert.match(kept("own-statuses"), /^22=nothing, 17=nothing /);

		await world.admin.send({ type: "shop.updated", data: { order_statuses: [{ id: "sent", name: "Auf dem Weg" }, { id: "paid" }] } });
		await show(page, "settings/stores/demo-generic");
		const sent = page.getByLabel("Auf dem Weg sent");
		await sent.waitFor();
		assert.deepStrictEqual([await sent.inputValue(), await page.getByLabel("paid paid").inputValue()], ["", "paid"]);
		await sent.selectOption("fulfilled");
		await save(page);
		await page.getByRole("button", { name: "Undo", exact: true }).first().waitFor();
		assert.match(kept("demo-generic"), /^sent=fulfilled /);
		await sent.selectOption("");
		await save(page);
		await page.getByRole("button", { name: "Undo", exact: true }).first().waitFor();
		assert.match(kept("demo-generic"), /^\(empty\)/);
	},

	/* A change is taken back after a look at what that does; one that somebody changed again is not. */
	async admin_undo(world, visit) {
		const page = visit.page, undo = () => page.getByRole("button", { name: /^Undo change/ }).first().click();

		world.admin.run("account", "set", "demo", "quota_percent=70");
		await world.admin.signIn(page, OWNER);
		await show(page, "settings/accounts/demo");
		await undo();
		await page.locator("dialog .changes").getByText("90").waitFor();
		await page.getByRole("button", { name: "Undo this change" }).click();
		await page.getByText("undone", { exact: true }).first().waitFor();
		assert(world.admin.run("account", "list", "--json").includes("\"quota_percent\":\"90\""));
		await undo();
		world.admin.run("account", "set", "demo", "quota_percent=60");
		/* Said as soon as the screen has heard of it; who is faster is told the same when it is tried. */
		await page.locator("dialog").getByText("Someone else changed this first").waitFor();
		await page.locator("dialog").getByText("is now 60").waitFor();
		assert.strictEqual(await page.getByRole("button", { name: "Undo this change" }).count(), 0);
		assert(world.admin.run("account", "list", "--json").includes("\"quota_percent\":\"60\""));
		assert.deepStrictEqual(visit.complaints, []);
	},

	/* A default for all: a store without a value of its own follows, one with its own does not; back again. */
	async admin_defaults(world, visit) {
		const page = visit.page, field = () => page.getByLabel("Wait for more changes before sending, in ms");
		const kept = (store) => /^quiet_ms +(\S+) +(\S+)/m.exec(world.admin.run("store", "show", store)).slice(1);

		world.admin.run("store", "set", "demo-enad", "quiet_ms=1234");
		await world.admin.signIn(page, OWNER);
		await show(page, "settings");
		await page.getByRole("link", { name: "View defaults" }).click();
		await page.getByRole("heading", { name: "Defaults for all stores" }).waitFor();
		await page.locator("#group-pace").getByText("1 store has its own value").waitFor();
		assert.strictEqual(await page.getByLabel("Market", { exact: true }).count(), 0);
		await field().fill("500");
		await save(page);
		await page.getByRole("button", { name: "Undo", exact: true }).waitFor();
		assert.deepStrictEqual([kept("demo-generic"), kept("demo-enad")], [["500", "installation"], ["1234", "own"]]);

		await show(page, "settings/stores/demo-enad");
		assert.strictEqual(await field().inputValue(), "1234");
		await page.getByRole("button", { name: "Reset to default: 500" }).waitFor();
		await show(page, "settings/stores/demo-generic");
		assert.strictEqual(await field().inputValue(), "500");
		await page.getByRole("link", { name: "from the installation's defaults" }).click();
		await page.getByRole("heading", { name: "Defaults for all stores" }).waitFor();

		await page.getByRole("button", { name: /^Undo change/ }).first().click();
		await page.locator("dialog .changes").getByText("1000").waitFor();
		await page.getByRole("button", { name: "Undo this change", exact: true }).click();
		await page.getByText("undone", { exact: true }).first().waitFor();
		assert.deepStrictEqual([kept("demo-generic"), kept("demo-enad")], [["1000", "default"], ["1234", "own"]]);
		world.admin.run("store", "set", "demo-enad", "quiet_ms=");
		assert.deepStrictEqual(visit.complaints, []);
	},

	/* The screens come compressed to whoever takes it, and are kept for ever under their digest. */
	async admin_files_are_small(world) {
		const page = await fetchRaw(world.admin.url + "/admin", {});
		const file = /\/admin\/files\/\w+\/app\.js/.exec(page.body)[0], url = world.admin.url + file;
		const plain = await fetchRaw(url, { "Accept-Encoding": "gzip;q=0, br" });
		const packed = await fetchRaw(url, { "Accept-Encoding": "br, gzip" });
		const again = await fetchRaw(url, { "Accept-Encoding": "gzip", "If-None-Match": packed.headers.etag });

		assert.strictEqual(plain.headers["content-encoding"], undefined);
		assert.strictEqual(packed.headers["content-encoding"], "gzip");
		assert(zlib.gunzipSync(packed.body).equals(plain.body));
		assert(packed.body.length < plain.body.length / 2);
		assert.notStrictEqual(packed.headers.etag, plain.headers.etag);
		for (const answer of [plain, packed]) {
			assert.strictEqual(answer.headers.vary, "Accept-Encoding");
			assert.strictEqual(answer.headers["cache-control"], "public, max-age=31536000, immutable");
		}
		assert.strictEqual(again.status, 304);
		assert.strictEqual(page.headers["cache-control"], "no-cache");
	},

	/* A second factor is set up from what the app would read, and asked for at the next sign-in. */
	async admin_second_factor(world, visit) {
		const page = visit.page, name = "totp@shop.example";

		world.admin.addUser(name, "operator");
		await world.admin.signIn(page, name);
		await show(page, "me");
		await page.getByRole("button", { name: "Turn on" }).click();
		await page.locator("dialog").getByLabel("Password").fill(PASSWORD);
		await page.getByRole("button", { name: "Next" }).click();
		await page.getByRole("img", { name: "QR code for the authenticator app" }).waitFor();
		const secret = await page.locator("dialog .paste code").textContent();

		await page.getByLabel("Two-factor code").fill("000000");
		await page.locator("dialog").getByRole("button", { name: "Turn on" }).click();
		await page.getByText("Wrong code").waitFor();
		await page.getByLabel("Two-factor code").fill(totpOf(secret));
		await page.locator("dialog").getByRole("button", { name: "Turn on" }).click();
		await page.getByText("Turned on", { exact: true }).waitFor();
		await page.getByRole("button", { name: "Sign out" }).click();
		await page.getByLabel("Name").fill(name);
		await page.getByLabel("Password").fill(PASSWORD);
		await page.getByRole("button", { name: "Sign in" }).click();
		await page.getByLabel("Two-factor code").waitFor();
		await page.getByLabel("Two-factor code").fill(totpOf(secret));
		await page.getByRole("button", { name: "Sign in" }).click();
		await page.locator("nav.side").waitFor({ state: "attached" });
		assert.deepStrictEqual(visit.complaints, []);
	},

	/* A token made in the screens does what its scopes say, and nothing any more once it was ended. */
	async admin_token(world, visit) {
		const page = visit.page, api = (path, secret) => fetch(world.admin.url + "/admin/api/v1" + path,
			{ headers: { Authorization: "Bearer " + secret } });

		await world.admin.signIn(page, OWNER);
		await show(page, "me");
		await page.getByRole("button", { name: "New token" }).click();
		await page.locator("dialog").getByLabel("Purpose").fill("ci");
		await page.locator("dialog").getByRole("button", { name: "Create token" }).click();
		const secret = await page.getByText(/^pnr_/).first().textContent();

		assert.strictEqual((await api("/overview", secret)).status, 200);
		assert.strictEqual((await (await api("/users", secret)).json()).code, "scope");
		await page.getByRole("button", { name: "Done" }).click();
		await page.locator("#tokens").getByRole("button", { name: "Remove" }).click();
		await page.locator("dialog").getByRole("button", { name: "Remove" }).click();
		await until(async () => (await api("/overview", secret)).status === 401, "the token has ended");
	},

	/* What Klaviyo refused for one cause is one group; once the cause is gone, all of it goes with one button. */
	async admin_failed_group(world, visit) {
		const page = visit.page, ids = ["refused-1", "refused-2", "refused-3"];
		const knobs = (change) => fetch(world.admin.sandbox + "/sandbox/knobs", { method: "POST", body: JSON.stringify(change) });
		const there = async () => {
			const { accounts } = await (await fetch(world.admin.sandbox + "/sandbox/state")).json();

			return accounts.flatMap((row) => row.items).filter((row) => ids.some((id) => row.external_id.endsWith(id))).length;
		};

		assert((await knobs({ reject_external_id: ids.map((id) => "mugs-" + id) })).ok);
		for (const id of ids)
			await world.admin.send({
				type: "product.upserted",
				data: { product_id: id, title: "Refused", url: "https://shop.example/" + id, sku: id, price: "1.00", currency: "EUR" }
			});
		await world.admin.signIn(page, OWNER);
		await show(page, "failed");
		/* Each of them as an item and as its variant. */
		const group = page.locator("section.card", { hasText: "6 failed" });

		await group.waitFor();
		await group.getByText("rejected by Klaviyo").waitFor();
		assert.strictEqual(await there(), 0);
		/* With something failed nobody says that all is in sync. */
		const account = page.getByRole("region", { name: "demo", exact: true });
		await show(page, "");
		await account.getByText(/^\d+ failed$/).waitFor();
		assert.strictEqual(await account.getByText(/In sync|accepted every change/).count(), 0);
		await show(page, "failed");
		assert((await knobs({ reject_external_id: [] })).ok);
		await group.getByRole("button", { name: "Retry", exact: true }).click();
		await page.locator("dialog").getByRole("button", { name: "Retry", exact: true }).click();
		await group.waitFor({ state: "detached" });
		await until(async () => await there() === 3, "all three are at Klaviyo");
		assert.deepStrictEqual(visit.complaints, []);
	},

	/* What stands where, compared with what was drawn before, within some pixels: pictures differ with the fonts. */
	async admin_layout(world, visit) {
		const page = visit.page, found = {};

		await world.admin.signIn(page, OWNER);
		for (const [name, size] of [["wide", WIDE], ["narrow", NARROW]])
			for (const screen of ["users", "me", "catalog?store=demo-generic", "sync"]) {
				await page.setViewportSize(size);
				await show(page, screen);
				found[`${screen} ${name}`] = await page.evaluate(boxesOf);
			}
		if (process.env.PANNIER_GOLDEN === "write")
			fs.writeFileSync(LAYOUT, JSON.stringify(found).replace(/("[^"]+ (wide|narrow)":)/g, "\n$1") + "\n");
		compareLayouts(JSON.parse(fs.readFileSync(LAYOUT, "utf8")), found);
	},

	/* A viewer looks: there is no way to write, and what writes is refused. */
	async admin_viewer_looks(world, visit) {
		const page = visit.page;

		world.admin.addUser("viewer@shop.example", "viewer");
		await world.admin.signIn(page, "viewer@shop.example");
		await show(page, "settings/stores/demo-generic");
		await page.getByText("You can view these settings. Changing them requires the operator role.").waitFor();
		assert.strictEqual(await page.locator(".settings button[role=switch]:enabled, .settings input:enabled, .settings select:enabled").count(), 0);
		await show(page, "settings/defaults");
		await page.getByText("Changing them requires an owner").waitFor();
		assert.strictEqual(await page.locator(".settings button[role=switch]:enabled, .settings input:enabled, .settings select:enabled").count(), 0);
		assert.strictEqual(await page.getByRole("link", { name: "Users", exact: true }).count(), 0);
		assert.strictEqual(await page.getByRole("link", { name: "People", exact: true }).count(), 0);
		await show(page, "users");
		await page.getByText("Your role does not allow this").first().waitFor();
	},

	/* Without an answer what was known stays, and the screens go on by themselves. */
	async admin_offline(world, visit) {
		const page = visit.page;

		await world.admin.signIn(page, OWNER);
		await page.getByRole("link", { name: "demo-generic" }).waitFor();
		await visit.context.setOffline(true);
		await page.getByText("Pannier is not responding").first().waitFor();
		assert.strictEqual(await page.getByRole("link", { name: "demo-generic" }).count(), 1);
		await visit.context.setOffline(false);
		await page.getByText("Pannier is not responding").first().waitFor({ state: "detached" });
	},

	/* With the keyboard alone: to the content, through the menu, into a row. */
	async admin_keyboard(world, visit) {
		const page = visit.page;

		await page.setViewportSize(NARROW);
		await world.admin.signIn(page, OWNER);
		await page.locator("h1").focus();
		await page.getByRole("button", { name: "Menu" }).focus();
		await page.keyboard.press("Enter");
		await page.getByRole("link", { name: "Activity" }).focus();
		await page.keyboard.press("Enter");
		await page.getByRole("heading", { name: "Activity" }).waitFor();
		await page.locator("a.row").first().focus();
		await page.keyboard.press("Enter");
		await until(() => /\/admin\/story\//.test(page.url()), () => "a story is open; here is " + page.url());
	},

	/* Every screen, wide and light or narrow and dark: nothing that axe finds, nothing that is too wide. */
	async admin_every_screen(world, visit) {
		await lookAtAll(world, visit, (i) => i % 2 ? [[WIDE, "light"]] : [[NARROW, "dark"]]);
	}
};

const long_tests = {
	async admin_every_screen_every_way(world, visit) {
		await lookAtAll(world, visit, () => [[WIDE, "dark"], [WIDE, "light"], [NARROW, "dark"], [NARROW, "light"],
			[{ width: 360, height: 640 }, "light"], [{ width: 3840, height: 2160 }, "dark"]]);
	}
};

module.exports = { admin_tests: tests, admin_long_tests: long_tests };
