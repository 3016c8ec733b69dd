/*
 * What the tests of the screens need: the demo with its two shops, its owner, and messages signed as the generic shop does.
 */
"use strict";

const { spawn, spawnSync } = require("child_process");
const crypto = require("crypto");
const fs = require("fs");
const path = require("path");
const { until } = require("./town.js");

const PASSWORD = "four words in a row";
const WIDE = { width: 1440, height: 900 };
const NARROW = { width: 375, height: 812 };

class AdminWorld {
	constructor(folder) {
		this.data = path.join(folder, "admin-demo");
		this.said = "";
		this.sessions = new Map();
	}

	async start() {
		this.child = spawn(process.env.PANNIER_BIN, ["demo", "--data", this.data, "--listen", "127.0.0.1:0", "--sandbox-listen",
			"127.0.0.1:0", "--shop-listen", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "inherit"] });
		this.child.stdout.on("data", (text) => this.said += text);
		try {
			await until(() => /Running until/.test(this.said), () => "the demo runs; it said " + this.said);
		} catch (error) {
			this.child.kill();
			throw error;
		}
		this.link = /(http:\S+#setup=\S+)/.exec(this.said)[1];
		this.url = new URL(this.link).origin;
		this.sandbox = /(http:\S+)\/ +what the stand-in/.exec(this.said)[1];
		this.folder = path.join(this.data, "demo");
	}

	/* A command of pannier beside the daemon. */
	run(...words) {
		const ran = spawnSync(process.env.PANNIER_BIN, [...words, "--data", this.folder], { encoding: "utf8" });

		if (ran.status !== 0)
			throw new Error("pannier " + words.join(" ") + ": " + ran.stderr);
		return ran.stdout;
	}

	addUser(name, role, options = []) {
		const file = path.join(this.folder, "password.txt");

		fs.writeFileSync(file, PASSWORD, { mode: 0o600 });
		this.run("user", "add", name, "--role", role, "--password-file", file, ...options);
	}

	/* As the generic shop would: signed as Standard Webhooks says. */
	async send(message, store = "demo-generic") {
		const secret = fs.readFileSync(path.join(this.folder, "generic-secret.txt"), "utf8").trim();
		const body = JSON.stringify(message), id = "msg_" + crypto.randomBytes(8).toString("hex");
		const now = String(Math.floor(Date.now() / 1000));
		const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
		const signature = crypto.createHmac("sha256", key).update(`${id}.${now}.${body}`).digest("base64");
		const answer = await fetch(`${this.url}/hooks/generic/${store}`, {
			method: "POST", body,
			headers: { "Content-Type": "application/json", "webhook-id": id, "webhook-timestamp": now, "webhook-signature": "v1," + signature }
		});

		if (!answer.ok)
			throw new Error("the daemon answered " + answer.status + " " + await answer.text());
	}

	/* By name and password the first time, afterwards with the session of then. */
	async signIn(page, name) {
		if (this.sessions.has(name))
			await page.context().addCookies(this.sessions.get(name));
		await page.goto(this.url + "/admin");
		if (!this.sessions.has(name)) {
			await page.getByLabel("Name").fill(name);
			await page.getByLabel("Password").fill(PASSWORD);
			await page.getByRole("button", { name: "Sign in" }).click();
		}
		await page.locator("nav.side").waitFor({ state: "attached" });
		this.sessions.set(name, await page.context().cookies());
	}

	async stop() {
		const ended = new Promise((done) => this.child.on("exit", done));

		this.child.kill("SIGTERM");
		await ended;
	}
}

module.exports = { AdminWorld, PASSWORD, WIDE, NARROW };
