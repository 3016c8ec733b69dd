/*
 * The main screens as pictures, compared with those in pictures/, small and grey: a shade may differ, and some pixels may differ more,
 * as other versions of the same fonts are drawn; what stands elsewhere, is missing or is in the way is found. Where the fonts are others
 * nothing is compared. PANNIER_GOLDEN=write draws them anew, PANNIER_PICTURES=FOLDER puts there what was drawn.
 */
"use strict";

const assert = require("assert");
const fs = require("fs");
const path = require("path");
const { AdminWorld, PASSWORD, WIDE, NARROW } = require("./admin_world.js");
const { show } = require("./admin_look.js");
const png = require("./png.js");

const OWNER = "zoe@shop.example", FOLDER = path.join(__dirname, "pictures"), FONTS = path.join(FOLDER, "fonts.json");
/* Those that are the same each time: in a story and the activity the rows come in the order in which things happened to be done. */
const SCREENS = { overview: "", failed: "failed", catalog: "catalog?store=demo-generic", sync: "sync", settings: "settings",
	store: "settings/stores/demo-generic", users: "users", me: "me" };
const BY = 4;                /* so many pixels of the screen are one of the picture, in each direction */
const SHADE = 40;            /* of 255: a pixel that differs by more is another one */
const OTHERS = 0.02;         /* so many of the pixels may be others */
const FONT_PX = 1;

/* In the page: how wide the two fonts draw the same words. */
function fontsOf() {
	const canvas = document.createElement("canvas").getContext("2d"), width = (font) => {
		canvas.font = font;
		return Math.round(canvas.measureText("Where is my order #1042? WWWWiiii").width);
	};

	return { text: width(getComputedStyle(document.documentElement).font), code: width("14px " + getComputedStyle(document.querySelector("code, .mono") ||
		document.documentElement).fontFamily) };
}

/* In the page: what is another one each time becomes the same: times, ids, addresses, the browser's name, the plot. */
function still() {
	const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);

	for (let node = texts.nextNode(); node; node = texts.nextNode()) {
		if (node.parentElement.tagName === "TIME")
			node.data = "1 minute ago";
		node.data = node.data.replace(/\b[md]1[0-9a-z]{11}\b/g, "m100000000000").replace(/127\.0\.0\.1:\d+/g, "127.0.0.1:8000")
			.replace(/pub_[0-9a-f]+/g, "pub_0000000000000000").replace(/Chrome \d+/, "Chrome 100").replace(/…\w{4}|ending in \w{4}/, "…0000").replace(/\d+ ms\b/g, "1 ms");
	}
	for (const input of document.querySelectorAll("input"))
		input.value = input.value.replace(/127\.0\.0\.1:\d+/g, "127.0.0.1:8000").replace(/pub_[0-9a-f]+/g, "pub_0");
	for (const canvas of document.querySelectorAll("canvas"))
		canvas.remove();
	document.activeElement.blur();
	scrollTo(0, 0);
}

async function draw(page) {
	await page.evaluate(still);
	return png.shrink(png.read(await page.screenshot({ animations: "disabled", caret: "hide" })), BY);
}

/* How many of the pixels are others, from 0 to 1. */
function differ(want, got) {
	let others = 0;

	assert.deepStrictEqual([got.width, got.height], [want.width, want.height]);
	for (let y = 0; y < want.height; y++)
		for (let x = 0; x < want.width; x++)
			others += Math.abs(want.at(x, y) - got.at(x, y)) > SHADE ? 1 : 0;
	return others / (want.width * want.height);
}

async function become(page, own) {
	await page.goto(own.link);
	await page.getByLabel("Name").fill(OWNER);
	await page.getByLabel("New password").fill(PASSWORD);
	await page.getByRole("button", { name: "Create owner" }).click();
	await page.getByRole("heading", { name: "Connect Klaviyo" }).waitFor();
	own.run("wait", "--idle");
}

/* Every screen in every size and colour: look(name of its picture, the picture). */
async function drawAll(page, look) {
	for (const [width, size] of [["wide", WIDE], ["narrow", NARROW]])
		for (const colours of ["light", "dark"])
			for (const [name, address] of Object.entries(SCREENS)) {
				await page.setViewportSize(size);
				await page.emulateMedia({ colorScheme: colours });
				await show(page, "nowhere");
				await show(page, address);
				await look(`${name}-${width}-${colours}.png`, await draw(page));
			}
}

function compare(name, got, found) {
	const file = path.join(FOLDER, name);

	if (process.env.PANNIER_PICTURES)
		fs.writeFileSync(path.join(process.env.PANNIER_PICTURES, name), png.write(got));
	if (process.env.PANNIER_GOLDEN === "write")
		fs.writeFileSync(file, png.write(got));
	const part = differ(png.read(fs.readFileSync(file)), got);

	if (part > OTHERS)
		found.push(`${name}: ${(100 * part).toFixed(1)} % of it is another picture`);
}

/* What moves by some pixels, or is not there, is seen. */
async function assertSees(page) {
	await page.setViewportSize(WIDE);
	await page.emulateMedia({ colorScheme: "light" });
	await show(page, "users");
	const before = await draw(page), broken = { "margin-top": "24px", "display": "none" };

	for (const [property, value] of Object.entries(broken)) {
		await page.evaluate(([name, text]) => document.querySelector("main .page").style.setProperty(name, text), [property, value]);
		assert(differ(before, await draw(page)) > OTHERS, `${property}: ${value} is seen`);
		await page.evaluate((name) => document.querySelector("main .page").style.removeProperty(name), property);
	}
}

async function run(page, own) {
	await become(page, own);
	const fonts = await page.evaluate(fontsOf), found = [];

	if (process.env.PANNIER_GOLDEN === "write") {
		fs.mkdirSync(FOLDER, { recursive: true });
		fs.writeFileSync(FONTS, JSON.stringify(fonts) + "\n");
	}
	const wanted = JSON.parse(fs.readFileSync(FONTS, "utf8"));

	if (Object.keys(wanted).some((name) => Math.abs(wanted[name] - fonts[name]) > FONT_PX))
		return `the fonts are others: ${JSON.stringify(fonts)}, not ${JSON.stringify(wanted)}`;
	await drawAll(page, (name, got) => compare(name, got, found));
	assert.deepStrictEqual(found, []);
	return assertSees(page);
}

const tests = {
	/* A demo of its own, as it is at its beginning. A text that is given back says why nothing was compared. */
	async admin_pictures(world, visit) {
		const own = new AdminWorld(path.join(world.folder, "pictures"));

		await own.start();
		try {
			return await run(visit.page, own);
		} finally {
			await own.stop();
		}
	}
};

module.exports = { picture_tests: tests };
