/*
 * What runs in browsers, in real Chromium: the storefront's script (tests.js), the walk through the demo's shop, and the screens
 * (admin_*.js). Prints one line per test; exit code 1 if one failed, 77 where there is no browser. Names as arguments run those
 * alone; --pages leaves out the screens, --screens all else; --long runs what takes long, and what that needs.
 */
"use strict";

const fs = require("fs");
const path = require("path");
const { Daemon, Shop, until, newFolder } = require("./town.js");
const { Visit, AGENT, FLAGS } = require("./visit.js");
const { tests, storage_disabled } = require("./tests.js");
const { demo_walk } = require("./walk.js");
const { AdminWorld } = require("./admin_world.js");
const screens = require("./admin_tests.js");
const { picture_tests } = require("./admin_pictures.js");
const { settings_tests } = require("./admin_settings.js");
const { sync_tests } = require("./admin_sync.js");
const { oauth_tests } = require("./admin_oauth.js");
const { tls_tests } = require("./admin_tls.js");
const { switch_tests } = require("./admin_switches.js");

const admin_tests = Object.assign({}, screens.admin_tests, settings_tests, sync_tests, oauth_tests, tls_tests);
const admin_long_tests = Object.assign({}, screens.admin_long_tests, switch_tests, picture_tests);

const options = process.argv.slice(2).filter((word) => word.startsWith("--"));
const names = process.argv.slice(2).filter((word) => !word.startsWith("--"));
const isLong = options.includes("--long");

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
		const skipped = await test(world, visit); /* why, or nothing */

		console.log(skipped ? `skipped ${name}: ${skipped}` : `ok    ${name} (${Date.now() - started} ms)`);
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

	if (!options.includes("--screens"))
		failed += await runPages(browser, world, wanted);
	if (!options.includes("--pages"))
		failed += await runScreens(browser, world, wanted);
	await browser.close();
	return failed;
}

/* The pages of the shop. */
async function runPages(browser, world, wanted) {
	const all = Object.assign({}, tests, { demo_walk });
	let failed = 0;

	for (const name of Object.keys(all).filter(wanted)) {
		const context = await browser.newContext({ userAgent: AGENT });

		failed += await runOne(name, all[name], world, context);
		await context.close();
	}
	return failed;
}

/* The screens: a demo of their own, and its owner before all others. */
async function runScreens(browser, world, wanted) {
	const all = isLong ? Object.assign({}, admin_tests, admin_long_tests) : admin_tests;
	const some = Object.keys(all).filter(wanted);
	let failed = 0;

	if (some.length === 0)
		return 0;
	world.admin = new AdminWorld(world.folder);
	await world.admin.start();
	for (const name of new Set(["admin_first_owner", ...some])) {
		const context = await browser.newContext({ locale: "en-GB", timezoneId: "Europe/Berlin" });

		failed += await runOne(name, all[name], world, context);
		await context.close();
	}
	await world.admin.stop();
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
	if (typeof fetch !== "function")
		skip("node 18 or newer is needed, here is " + process.version);
	const chromium = loadPlaywright(), executablePath = findChromium() || skip("no chromium here");
	const wanted = (name) => names.length > 0 ? names.includes(name) : !isLong || name in admin_long_tests;
	const world = await makeWorld();
	let failed = await runShared(chromium, executablePath, world, wanted);

	if (!options.includes("--screens") && wanted("storage_disabled"))
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
