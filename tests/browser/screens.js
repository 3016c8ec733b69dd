/*
 * The files of the screens, looked at without a browser: small enough, every text in the table, nothing that takes markup from
 * a string, all of them in the program.
 */
"use strict";

const assert = require("assert");
const fs = require("fs");
const path = require("path");
const zlib = require("zlib");

const ROOT = path.join(__dirname, "../../assets/admin");
const MESON = fs.readFileSync(path.join(__dirname, "../../src/admin/meson.build"), "utf8");
const GZIP_MAX = 150000;
const FORBIDDEN = /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|dangerouslySetInnerHTML|style="|\bon[a-z]+="/;

function own() {
	const folders = ["core", "parts", "screens"].flatMap((folder) => fs.readdirSync(path.join(ROOT, folder)).map((name) => `${folder}/${name}`));

	return ["app.js", ...folders].map((name) => ({ name, text: fs.readFileSync(path.join(ROOT, name), "utf8") }));
}

function libraries() {
	const rows = [...MESON.matchAll(/\['(vendor\/\w+\.js|uplot\.css)', '([^']+)'\]/g)];

	assert(rows.length > 0);
	return rows.map(([, name, file]) => ({ name, file: path.join(ROOT, "node_modules", file) }));
}

const tests = {
	every_file_is_in_the_program() {
		const missing = own().filter(({ name }) => !MESON.includes(`'${name}'`)).map(({ name }) => name);

		assert.deepStrictEqual(missing, []);
	},

	all_together_are_small() {
		const there = libraries();

		if (there.some(({ file }) => !fs.existsSync(file)))
			return "the libraries are not here";
		const texts = own().map(({ text }) => text)
			.concat(["index.html", "app.css", "icon.svg"].map((name) => fs.readFileSync(path.join(ROOT, name))), there.map(({ file }) => fs.readFileSync(file)));
		const bytes = texts.reduce((sum, text) => sum + zlib.gzipSync(text).length, 0);

		assert(bytes < GZIP_MAX, `${bytes} bytes, gzipped one by one; ${GZIP_MAX} are allowed`);
		return `${bytes} bytes gzipped`;
	},

	every_text_is_in_the_table() {
		const table = own().find(({ name }) => name === "core/en.js").text;
		const keys = new Set([...table.matchAll(/^\t"([^"]+)":/gm)].map((row) => row[1]));
		const others = own().filter(({ name }) => name !== "core/en.js" && name !== "core/strings.js");
		const said = (pattern) => new Set(others.flatMap(({ text }) => [...text.matchAll(pattern)].map((row) => row[1])));
		const begun = [...said(/`([a-z_.]+\.)\$\{/g)], named = said(/"([a-z_]+(?:\.[a-z_0-9]+)*)"/g);

		assert.deepStrictEqual([...said(/\bt\("([^"]+)"/g)].filter((key) => !keys.has(key)), [], "texts that are not there");
		assert.deepStrictEqual([...keys].filter((key) => !named.has(key) && !begun.some((start) => key.startsWith(start))), [], "texts nobody shows");
	},

	nothing_takes_markup_from_a_string() {
		const lines = own().flatMap(({ name, text }) => text.split("\n").filter((line) => FORBIDDEN.test(line)).map((line) => `${name}: ${line.trim()}`));

		assert.deepStrictEqual(lines, []);
	}
};

let failed = 0;

for (const [name, test] of Object.entries(tests)) {
	try {
		console.log(`ok    ${name} ${test() || ""}`);
	} catch (error) {
		failed++;
		console.log(`FAIL  ${name}: ${error.message}`);
	}
}
process.exit(failed ? 1 : 0);
