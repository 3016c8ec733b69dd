/*
 * The pictures of docs/platforms/opencart-guide.md, taken from a real OpenCart, the real extension and Pannier's real screens:
 *
 *   OPENCART_DIR=/opt/opencart-4.1.0.4 PANNIER_BIN=build/pannier KLAVIYO_SANDBOX_BIN=build/klaviyo-sandbox \
 *     node tests/opencart/guide.js docs/platforms/opencart
 *
 * It does what the guide says, as a merchant does it with the mouse, and says how long the road from the zip to the first event is. Of
 * OpenCart 3.0 it takes those pictures that look different there (3.0-*.png).
 * Needs what run.js needs, Chromium, and what npm brings to tests/browser.
 */
"use strict";

const { execFileSync } = require("child_process");
const fs = require("fs");
const os = require("os");
const path = require("path");
const { chromium } = require("../browser/node_modules/playwright-core");
const { FLAGS } = require("../browser/visit.js");
const { World, until } = require("./world.js");
const { Shopper } = require("./shopper.js");

const PASSWORD = "four words in a row";
const OF_30 = ["3-uploaded", "4-module"];
const SIZE = { width: 1180, height: 760 };

/* Few colours make small files; PHP's gd is there anyway. */
const FEWER = "$i = imagecreatefrompng($argv[1]); imagetruecolortopalette($i, false, 96); imagepng($i, $argv[1], 9);";

class Guide {
	constructor(world, folder, zips) {
		Object.assign(this, { world, folder, zips });
	}

	async open() {
		this.browser = await chromium.launch({ executablePath: process.env.PANNIER_CHROMIUM || "/usr/bin/chromium", args: [...FLAGS, "--no-sandbox"] });
		this.context = await this.browser.newContext({ viewport: SIZE, locale: "en-GB", colorScheme: "light", reducedMotion: "reduce" });
		this.pannier = await this.context.newPage();
		this.shop = await this.context.newPage();
	}

	/* of: an element to be seen; near: of the page around it only so many pixels above and below. */
	async picture(page, name, of, near) {
		const file = path.join(this.folder, (this.world.is("4") ? "" : "3.0-") + name + ".png");

		if (!this.world.is("4") && !OF_30.includes(name))
			return;
		await page.waitForLoadState("networkidle").catch(() => {});
		if (of)
			await of.scrollIntoViewIfNeeded();
		const box = near && await of.boundingBox();
		await page.screenshot({ path: file, animations: "disabled", caret: "hide",
			...(box && { clip: { x: 235, y: Math.max(0, box.y - near), width: SIZE.width - 235, height: Math.min(SIZE.height - box.y + near, box.height + 2 * near) } }) });
		execFileSync("php", ["-r", FEWER, "--", file]);
		console.log(`${name}.png ${Math.round(fs.statSync(file).size / 1024)} KiB`);
	}

	/* ---- Pannier ---- */

	async addShop() {
		const { pannier, world } = this;

		await pannier.goto(world.pannierUrl + "/admin");
		await pannier.getByLabel("Name").fill("owner");
		await pannier.getByLabel("Password").fill(PASSWORD);
		await pannier.getByRole("button", { name: "Sign in" }).click();
		await pannier.locator("nav.side").waitFor();
		await pannier.goto(world.pannierUrl + "/admin/store");
		await pannier.locator("label.pick", { hasText: "OpenCart" }).click();
		await pannier.getByLabel("Store name in Pannier").fill("myshop");
		await this.picture(pannier, "1-add-shop");
		await pannier.getByRole("button", { name: "Add store" }).click();
		await pannier.getByText("What to paste into the shop").waitFor();
		await this.picture(pannier, "2-address-and-secret");
		const texts = await pannier.locator(".paste code").allInnerTexts();
		this.address = texts.find((text) => /\/hooks\//.test(text));
		this.secret = texts[texts.indexOf(this.address) + 1];
	}

	/* ---- OpenCart ---- */

	async signIn() {
		const { shop, world } = this;

		await shop.goto(world.url + "admin/index.php?route=common/login");
		await shop.locator("[name=username]").fill("admin");
		await shop.locator("[name=password]").fill("admin1234");
		await shop.locator("button[type=submit]").click();
		await shop.waitForURL(/user_token=/);
		this.token = /user_token=(\w+)/.exec(shop.url())[1];
		/* OpenCart's advice about its folders is not what this is about. */
		await shop.addInitScript(() => addEventListener("DOMContentLoaded", () => document.querySelectorAll(".modal, .modal-backdrop").forEach((one) => one.remove())));
	}

	route(route, more = "") {
		return `${this.world.url}admin/index.php?route=${route}&user_token=${this.token}${more}`;
	}

	async upload() {
		const { shop } = this;

		await shop.goto(this.route("marketplace/installer"));
		const chosen = shop.waitForEvent("filechooser");
		await shop.locator("#button-upload").click();
		await (await chosen).setFiles(path.join(this.zips, this.world.is("4") ? "opencart4" : "opencart3", "pannier.ocmod.zip"));
		const row = shop.locator("#extension tr, #history tr", { hasText: "Pannier" }).first();
		await row.waitFor();
		if (!this.world.is("4")) {
			await this.picture(shop, "3-uploaded", row);
			return; /* 3.0 installs with the upload */
		}
		await shop.locator(".alert .btn-close").click();
		await this.picture(shop, "3-uploaded", row);
		await row.locator(".btn-success").click();
		await until(async () => this.world.db.value("SELECT status FROM oc_extension_install WHERE code = 'pannier'") === "1", "it is installed");
	}

	async installModule() {
		const { shop } = this;

		await shop.goto(this.route("marketplace/extension", "&type=module"));
		const row = () => shop.locator("tr", { has: shop.locator("[href*='pannier'], [data-url*='pannier'], [onclick*='pannier']") }).filter({ hasText: "Pannier" }).last();
		await row().waitFor();
		await this.picture(shop, "4-module", row(), 130);
		await row().locator("[href*='.install'], [href*='/install']").first().click();
		await until(async () => this.world.db.value("SHOW TABLES LIKE 'oc\\\\_pannier\\\\_target'"), "the module is installed");
	}

	async settings() {
		const { shop } = this;

		await shop.goto(this.route(this.world.is("4") ? "extension/pannier/module/pannier" : "extension/module/pannier"));
		await shop.getByLabel("Address", { exact: true }).fill(this.address);
		await shop.getByLabel("Secret", { exact: true }).fill(this.secret);
		await shop.getByText("Script on the shop's pages").click();
		await shop.getByRole("button", { name: "Test connection" }).click();
		await shop.getByText("Address and secret are right").waitFor();
		await this.picture(shop, "5-settings");
		await shop.getByRole("button", { name: "Save" }).click();
		await shop.getByRole("button", { name: "Send everything" }).waitFor();
		await this.picture(shop, "6-order-statuses", shop.locator("fieldset", { hasText: "Order statuses" }).locator("select").last());
		await shop.evaluate(() => scrollTo(0, 0));
		await shop.getByRole("button", { name: "Send everything" }).click();
		await until(async () => (await shop.locator(".pannier-job").count()) === 5 && /all sent/.test(await shop.locator("[data-show=jobs]").innerText()), "all is sent");
		await until(async () => !/waiting/.test(await shop.locator("[data-show=state]").innerText()), "nothing waits");
		await this.picture(shop, "7-sent");
	}

	/* ---- the first event ---- */

	async order() {
		const guest = new Shopper(this.world);

		await guest.addToCart(40, 1);
		await guest.guestDetails("guest@example.com");
		const order = await guest.pay();
		await this.world.quiet();
		await this.pannier.getByText("Your shop is connected").waitFor();
		await this.pannier.evaluate(() => scrollTo(0, 0));
		await this.picture(this.pannier, "8-connected");
		await this.pannier.getByRole("searchbox").fill("Where is my order #" + order + "?");
		await this.pannier.keyboard.press("Enter");
		await this.pannier.getByText("Klaviyo has it").first().waitFor();
		await this.pannier.getByText("Full story").first().click();
		await this.pannier.getByText("Placed Order").first().waitFor();
		await this.picture(this.pannier, "9-first-event");
	}
}

async function main() {
	const folder = path.resolve(process.argv[2] || "docs/platforms/opencart"), zips = fs.mkdtempSync(path.join(os.tmpdir(), "pannier-opencart-zip-"));
	const world = new World(process.env.OPENCART_DIR, { pannier: process.env.PANNIER_BIN, sandbox: process.env.KLAVIYO_SANDBOX_BIN });
	let code = 1;

	fs.mkdirSync(folder, { recursive: true });
	execFileSync(path.join(__dirname, "../../integrations/opencart/build"), [zips]);
	const guide = new Guide(world, folder, zips);
	try {
		await world.startKlaviyo();
		await world.startPannier();
		world.pannier("user", "add", "owner", "--role", "owner", "--password-file", world.file("password", PASSWORD));
		await world.startShop();
		world.db.run("UPDATE oc_user SET firstname = 'Shop', lastname = 'Owner'");
		await guide.open();
		const began = Date.now();
		await guide.addShop();
		await guide.signIn();
		await guide.upload();
		await guide.installModule();
		await guide.settings();
		await guide.order();
		console.log(`from the zip to the first event in ${Math.round((Date.now() - began) / 1000)} s`);
		code = 0;
	} catch (error) {
		console.log(error.stack);
		for (const [name, page] of [["pannier", guide.pannier], ["shop", guide.shop]])
			if (page)
				await page.screenshot({ path: path.join(os.tmpdir(), "guide-failed-" + name + ".png") }).catch(() => {});
	} finally {
		if (guide.browser)
			await guide.browser.close();
		await world.stop();
		fs.rmSync(zips, { recursive: true, force: true });
	}
	process.exit(code);
}

main();
