/* To a screen of the daemon, and whether it fits and is accessible. */
"use strict";

const assert = require("assert");
const fs = require("fs");

/* To another screen, as a link would do it, until it is all there. */
async function show(page, screen) {
	await page.evaluate((address) => {
		history.pushState(null, "", "/admin/" + address);
		dispatchEvent(new PopStateEvent("popstate"));
	}, screen);
	await page.waitForFunction(() => document.querySelector("main h1") && !document.querySelector(".skeleton"));
}

/* No element stands out to the side. */
async function assertFits(page, what) {
	const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

	assert.strictEqual(over, 0, `${what} is ${over} px too wide`);
}

async function assertAccessible(page, what) {
	const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));

	assert.deepStrictEqual(found.violations.map((row) => `${what}: ${row.id}: ${row.nodes.map((node) => node.html).slice(0, 3).join(" | ")}`), []);
}

async function loadAxe(page) {
	await page.evaluate(fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8"));
}

module.exports = { assertAccessible, assertFits, loadAxe, show };
