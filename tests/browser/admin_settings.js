/*
 * The way through a long page of settings in real Chromium: jumps, what is folded, and the filter, with the keyboard too.
 */
"use strict";

const assert = require("assert");
const { WIDE } = require("./admin_world.js");
const { assertAccessible, assertFits, loadAxe, show } = require("./admin_look.js");
const { until } = require("./town.js");

const OWNER = "way@shop.example", PAGE = "settings/stores/demo-generic";
const SMALL = { width: 360, height: 640 };

const current = (page) => page.locator(".jump [aria-current=location]").textContent();
const isOpen = (page, group) => page.evaluate((id) => document.getElementById(id).open, `group-${group}`);

async function jump(page, title) {
	const link = page.locator(".jump").getByRole("link", { name: title });

	await link.focus();
	await page.keyboard.press("Enter");
	await until(() => page.evaluate(() => document.activeElement.textContent).then((text) => text === title),
		() => "the heading " + title + " has the focus");
	assert.strictEqual(await current(page), title);
	await page.getByRole("heading", { name: title }).click({ trial: true }); /* nothing lies over it */
}

const tests = {
	/* From one section to another, and the list shows where one is; what few need is shut until it is wanted. */
	async admin_settings_are_jumped_through(world, visit) {
		const page = visit.page;

		world.admin.addUser(OWNER, "operator");
		await world.admin.signIn(page, OWNER);
		for (const size of [WIDE, SMALL]) {
			await page.setViewportSize(size);
			await show(page, PAGE);
			await until(async () => await current(page) === "Secret", "the list shows the top");
			assert.deepStrictEqual([await isOpen(page, "pull"), await isOpen(page, "technical")], [false, false]);
			await jump(page, "Speed");
			await jump(page, "Orders");
			await page.mouse.move(size.width / 2, size.height / 2);
			await page.mouse.wheel(0, -20000);
			await until(async () => await current(page) === "Secret", "the list shows the top");
			await jump(page, "Technical");
			assert.strictEqual(await isOpen(page, "technical"), true);
			assert.strictEqual(new URL(page.url()).hash, "");
			await show(page, "settings");
		}
		assert.deepStrictEqual(visit.complaints, []);
	},

	/* By name, by key and by what it does; what was changed stays changed, whatever is looked for. */
	async admin_settings_are_found(world, visit) {
		const page = visit.page, status = page.locator(".finder [role=status]");
		const find = (text) => page.getByLabel("Find a setting").fill(text);

		world.admin.addUser("find@shop.example", "owner");
		await page.setViewportSize(SMALL);
		await world.admin.signIn(page, "find@shop.example");
		await show(page, PAGE);
		await find("price DIVISOR");
		await status.getByText("1 setting found").waitFor();
		assert.strictEqual(await page.getByRole("heading", { name: "Changes" }).isVisible(), false);
		await page.getByLabel("Price divisor").fill("100");
		await find("pull_items");
		await page.getByLabel("Location of the items in a page").waitFor();
		await find("custom fields commas");
		await status.getByText("2 settings found").waitFor();
		await loadAxe(page);
		await assertFits(page, "what was found");
		await assertAccessible(page, "what was found");
		await find("no such words");
		await page.getByRole("button", { name: "Show all settings" }).click();
		assert.strictEqual(await page.getByLabel("Price divisor").inputValue(), "100");
		await page.getByText("1 unsaved change").waitFor();
		await page.getByRole("button", { name: "Discard changes" }).click();
		await page.getByText("1 unsaved change").waitFor({ state: "detached" });
		await show(page, "settings/defaults");
		await find("price DIVISOR");
		await status.getByText("1 setting found").waitFor();
		await page.getByLabel("Price divisor").waitFor();
		await assertFits(page, "a default that was found");
		assert.deepStrictEqual(visit.complaints, []);
	},

	/* Of an account feeds that are others' depend: who has some stores alone looks at it, and changes these. */
	async admin_settings_of_some_stores(world, visit) {
		const page = visit.page, fields = page.locator(".settings button[role=switch]:enabled, .settings input:enabled");

		world.admin.addUser("some@shop.example", "operator", ["--store", "demo-generic"]);
		await world.admin.signIn(page, "some@shop.example");
		await show(page, "settings/accounts/demo");
		await page.getByText("Changing an account requires a user with access to all stores").waitFor();
		assert.strictEqual(await fields.count(), 0);
		await show(page, PAGE);
		await page.getByLabel("Price divisor").waitFor();
		assert.notStrictEqual(await fields.count(), 0);
		assert.deepStrictEqual(visit.complaints, []);
	}
};

module.exports = { settings_tests: tests };
