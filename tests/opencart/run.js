/*
 * A real OpenCart, installed as a merchant installs it, against the daemon and the sandbox. OPENCART_DIR is the folder of an unpacked
 * release (with upload/ in it); without it, or without MariaDB, PHP and its modules, the test is skipped and says why. Names as arguments
 * run those scenarios alone (after the first two); PANNIER_KEEP=1 keeps the folder with all logs, PANNIER_GO_ON=1 goes on after a failure.
 */
"use strict";

const { spawnSync, execFileSync } = require("child_process");
const fs = require("fs");
const os = require("os");
const path = require("path");

function skip(why) {
	console.log("skipped: opencart: " + why);
	process.exit(77);
}

function check() {
	if (!process.env.OPENCART_DIR)
		skip("OPENCART_DIR is not set to the folder of an unpacked OpenCart release");
	for (const [command, word] of [["php", "--version"], ["mariadb", "--version"], ["mariadb-install-db", "--help"]])
		if (spawnSync(command, [word]).error)
			skip(command + " is not installed");
	const modules = spawnSync("php", ["-m"], { encoding: "utf8" }).stdout;
	/* The extension needs none of them but curl; OpenCart 3.0 can do without mbstring, and so can the extension. */
	for (const module of ["mysqli", "curl", "gd", "zip", "dom"])
		if (!new RegExp("^" + module + "$", "im").test(modules))
			skip("PHP has no module " + module);
}

async function main() {
	check();
	const { World } = require("./world.js"), { installing, scenarios } = require("./scenarios.js");
	const programs = { pannier: process.env.PANNIER_BIN, sandbox: process.env.KLAVIYO_SANDBOX_BIN };
	const world = new World(process.env.OPENCART_DIR, programs), wanted = process.argv.slice(2);
	const zips = fs.mkdtempSync(path.join(os.tmpdir(), "pannier-opencart-zip-"));
	let failed = 0;

	execFileSync(path.join(__dirname, "../../integrations/opencart/build"), [zips]);
	const run = async (name, scenario) => {
		const began = Date.now();

		try {
			const said = await scenario();
			console.log(`ok    ${world.version} ${name} (${Date.now() - began} ms)${said ? ": " + said : ""}`);
		} catch (error) {
			failed++;
			console.log(`FAIL  ${world.version} ${name}\n${error.stack}\nThe extension's log: ${world.log()}`);
		}
	};
	for (const signal of ["SIGINT", "SIGTERM"])
		process.on(signal, () => world.stop().finally(() => process.exit(130)));
	try {
		await world.start();
		await run("installing", () => installing(world, path.join(zips, world.is("4") ? "opencart4" : "opencart3", "pannier.ocmod.zip")));
		for (const [i, scenario] of scenarios.entries())
			if (!failed && (i === 0 || wanted.length === 0 || wanted.includes(scenario.name)) || (failed && process.env.PANNIER_GO_ON))
				await run(scenario.name, () => scenario(world));
		if (/pannier/i.test(world.phpErrors()))
			throw new Error("PHP complained:\n" + world.phpErrors().slice(0, 5000));
		const violations = await world.sandbox("violations");
		console.log(`${world.compared || 0} fields compared; promises to Klaviyo broken: ${violations.total}`);
		if (violations.total)
			throw new Error(JSON.stringify(violations.by_kind));
	} catch (error) {
		failed++;
		console.log(error.stack);
	} finally {
		if (process.env.PANNIER_KEEP)
			console.log("kept: " + world.folder);
		await world.stop();
		fs.rmSync(zips, { recursive: true, force: true });
	}
	process.exit(failed ? 1 : 0);
}

main();
