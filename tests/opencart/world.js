/*
 * A real OpenCart with everything around it: MariaDB, PHP's own web server, the sandbox that stands in for Klaviyo, and the daemon. All
 * of it on 127.0.0.1, on ports that were free, with its data in one temporary folder; only these processes are ever stopped.
 */
"use strict";

const { spawn, spawnSync, execFileSync } = require("child_process");
const { createHmac, randomUUID } = require("crypto");
const fs = require("fs");
const net = require("net");
const os = require("os");
const path = require("path");

const DEADLINE_MS = Number(process.env.PANNIER_DEADLINE_MS || 120000);
const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/* Klaviyo accounts: private keys by name. */
const KEYS = { main: "pk_0123456789abcdef", second: "pk_fedcba9876543210", third: "pk_00112233445566778" };
/* What a merchant enters on the settings page, but for the address. */
const CONNECTION = { target_id: 0, secret: SECRET, status: 1, store_id: 0, language: "", currency: "", send_catalog: 1, send_orders: 1, send_people: 1, send_carts: 1, script: 1 };

async function until(condition, what, deadlineMs = DEADLINE_MS) {
	const end = Date.now() + deadlineMs;

	for (;;) {
		const value = await condition();

		if (value)
			return value;
		if (Date.now() > end)
			throw new Error("waited in vain until " + (typeof what === "function" ? await what() : what));
		await new Promise((done) => setTimeout(done, 50));
	}
}

function freePort() {
	return new Promise((done) => {
		const server = net.createServer();

		server.listen(0, "127.0.0.1", () => {
			const port = server.address().port;

			server.close(() => done(port));
		});
	});
}

/* A program that runs until it is stopped. */
class Program {
	constructor(name, command, words, options = {}) {
		const log = fs.openSync(path.join(options.logs, name + ".log"), "a");

		this.said = "";
		this.child = spawn(command, words, { cwd: options.cwd, env: Object.assign({}, process.env, options.env), stdio: ["ignore", "pipe", log], detached: true });
		this.child.stdout.on("data", (text) => {
			this.said += text;
			fs.writeSync(log, text);
		});
		this.ended = new Promise((done) => this.child.on("exit", done));
	}

	/* Started until it is there: a port of ours may for a moment be the near end of somebody's connection. */
	static async start(make, isThere) {
		let program = make();

		const there = await until(async () => {
			if (program.child.exitCode !== null)
				program = make();
			return isThere(program);
		}, "a program that was started is there");
		return [program, there];
	}

	listening() {
		return /listening on (http:\S+)/.exec(this.said);
	}

	/* Of all processes of its group (PHP's workers): seconds of processor so far, and the most memory that one of them held, in MiB. */
	used() {
		let seconds = 0, mib = 0;

		for (const pid of fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name)))
			try {
				const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /, "").split(" ");

				if (Number(stat[2]) !== this.child.pid)
					continue;
				seconds += (Number(stat[11]) + Number(stat[12])) / 100;
				mib = Math.max(mib, Number(/VmHWM:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, "utf8"))[1]) / 1024);
			} catch (error) {
				/* It has ended meanwhile. */
			}
		return { seconds, mib };
	}

	/* Its own process group: PHP's workers go with it. */
	stop(signal = "SIGTERM") {
		try {
			process.kill(-this.child.pid, signal);
		} catch (error) {
			if (error.code !== "ESRCH")
				throw error;
		}
		return this.ended;
	}
}

/* ---- the shop's database ---- */

class Database {
	constructor(folder) {
		this.data = path.join(folder, "mariadb");
		this.socket = path.join(folder, "mariadb.sock");
		this.logs = folder;
	}

	async start(port) {
		this.port = port;
		/* Temporary tables of servers that share a folder would meet. */
		const tmp = "--tmpdir=" + this.logs;

		if (!fs.existsSync(this.data))
			execFileSync("mariadb-install-db", ["--datadir=" + this.data, tmp, "--auth-root-authentication-method=normal", "--skip-test-db", "--user=" + os.userInfo().username],
				{ stdio: "ignore" });
		this.program = new Program("mariadb", "/usr/sbin/mariadbd", ["--no-defaults", "--datadir=" + this.data, tmp, "--socket=" + this.socket, "--port=" + port,
			"--bind-address=127.0.0.1", "--user=" + os.userInfo().username, "--innodb-flush-log-at-trx-commit=2", "--innodb-buffer-pool-size=64M", "--performance-schema=off"],
			{ logs: this.logs });
		await until(() => this.try("SELECT 1"), "MariaDB answers");
	}

	client(sql, database) {
		return spawnSync("mariadb", ["--no-defaults", "--socket=" + this.socket, "--user=root", "--batch", "--default-character-set=utf8mb4",
			...(database ? [database] : [])], { input: sql, encoding: "utf8", maxBuffer: 1 << 28 });
	}

	/* All that it holds, a row a line. */
	dump() {
		return execFileSync("mariadb-dump", ["--no-defaults", "--socket=" + this.socket, "--user=root", "--skip-extended-insert", "--skip-comments", "opencart"],
			{ encoding: "utf8", maxBuffer: 1 << 30 }).split("\n");
	}

	try(sql) {
		return this.client(sql).status === 0;
	}

	run(sql) {
		const ran = this.client(sql, "opencart");

		if (ran.status !== 0)
			throw new Error(sql + ": " + ran.stderr);
		return ran.stdout;
	}

	rows(sql) {
		return Database.parse(this.run(sql));
	}

	/* Answers of several statements, by name, from one run of the client. */
	tables(statements) {
		const names = Object.keys(statements), answers = this.run(names.map((name) => statements[name] + ";\nSELECT '' AS `=end=`;\n").join(""));

		return Object.fromEntries(answers.split(/=end=\n\n/).slice(0, -1).map((text, i) => [names[i], Database.parse(text)]));
	}

	static parse(text) {
		const escapes = { n: "\n", t: "\t", "0": "\0", "\\": "\\" };
		const [head, ...lines] = text.split("\n");
		const names = head.split("\t");

		return lines.filter((line) => line !== "").map((line) => Object.fromEntries(line.split("\t").map((value, i) => [
			names[i], value === "NULL" ? null : value.replace(/\\(.)/g, (all, letter) => letter in escapes ? escapes[letter] : letter)])));
	}

	value(sql) {
		const row = this.rows(sql)[0];

		return row ? Object.values(row)[0] : null;
	}

	create() {
		const ran = this.client("CREATE DATABASE opencart; CREATE USER shop@'127.0.0.1' IDENTIFIED BY 'shop'; CREATE USER shop@localhost IDENTIFIED BY 'shop';" +
			"GRANT ALL ON opencart.* TO shop@'127.0.0.1'; GRANT ALL ON opencart.* TO shop@localhost;");

		if (ran.status !== 0)
			throw new Error(ran.stderr);
	}
}

/* ---- the world ---- */

class World {
	constructor(release, programs) {
		this.release = release;
		this.programs = programs;
		this.folder = fs.mkdtempSync(path.join(os.tmpdir(), "pannier-opencart-"));
		this.site = path.join(this.folder, "site");
		this.db = new Database(this.folder);
	}

	async start() {
		await this.startKlaviyo();
		await this.startPannier();
		this.addStore("shop", {});
		await this.startShop();
	}

	/* ---- Klaviyo's stand-in, and the daemon ---- */

	async startKlaviyo() {
		const words = ["--listen", "127.0.0.1:0", "--limits", "off", "--opt-in", "single"];

		[this.klaviyo, [, this.klaviyoUrl]] = await Program.start(() => new Program("sandbox", this.programs.sandbox, words, { logs: this.folder }), (one) => one.listening());
	}

	pannier(...words) {
		const ran = spawnSync(this.programs.pannier, [...words, "--data", path.join(this.folder, "data")], { encoding: "utf8" });

		if (ran.status !== 0)
			throw new Error("pannier " + words.join(" ") + ": " + ran.stderr + ran.stdout);
		return ran.stdout;
	}

	/* One that takes long: connections that are closed meanwhile must be noticed. */
	async pannierMeanwhile(...words) {
		const program = new Program("command", this.programs.pannier, [...words, "--data", path.join(this.folder, "data")], { logs: this.folder });

		if (await program.ended !== 0)
			throw new Error("pannier " + words.join(" ") + ": " + program.said);
	}

	file(name, text) {
		const file = path.join(this.folder, name);

		fs.writeFileSync(file, text, { mode: 0o600 });
		return file;
	}

	async startPannier() {
		this.pannierPort = this.pannierPort || await freePort();
		const isNew = !fs.existsSync(path.join(this.folder, "data"));

		const words = ["serve", "--data", path.join(this.folder, "data"), "--listen", "127.0.0.1:" + this.pannierPort, "--outbound", "any"];

		[this.daemon, [, this.pannierUrl]] = await Program.start(() => new Program("pannier", this.programs.pannier, words, { logs: this.folder }), (one) => one.listening());
		if (isNew)
			this.addAccount("main");
	}

	addAccount(name) {
		this.pannier("account", "add", name, "--key-file", this.file("key", KEYS[name]), "--set", "api_url=" + this.klaviyoUrl, "--set", "rate_limits=false");
	}

	addStore(name, settings, account = "main") {
		const all = Object.assign({ quiet_ms: "50", quiet_max_ms: "200", product_wait_ms: "0", storefront_mode: "server" }, settings);

		this.pannier("store", "add", name, "--platform", "opencart", "--account", account, "--secret-file", this.file("secret", SECRET),
			...Object.entries(all).flatMap(([key, value]) => ["--set", key + "=" + value]));
		return this.hook(name);
	}

	hook(name) {
		return this.pannierUrl + "/hooks/opencart/" + name;
	}

	/* ---- the shop ---- */

	async startShop() {
		const upload = [this.release, path.join(this.release, "upload")].find((folder) => fs.existsSync(path.join(folder, "system/startup.php")));

		this.url = "http://127.0.0.1:" + await freePort() + "/";
		await this.db.start(await freePort());
		this.db.create();
		execFileSync("cp", ["-a", upload, this.site]);
		for (const folder of ["", "admin/"]) {
			const config = path.join(this.site, folder, "config.php");
			if (!fs.existsSync(config))
				fs.writeFileSync(config, "");
		}
		execFileSync("php", [path.join(this.site, "install/cli_install.php"), "install", "--username", "admin", "--password", "admin1234", "--email", "merchant@shop.example",
			"--http_server", this.url, "--language", "en-gb", "--db_driver", "mysqli", "--db_hostname", "127.0.0.1", "--db_username", "shop", "--db_password", "shop",
			"--db_database", "opencart", "--db_port", String(this.db.port), "--db_prefix", "oc_"], { cwd: path.join(this.site, "install"), stdio: ["ignore", "ignore", "inherit"] });
		fs.rmSync(path.join(this.site, "install"), { recursive: true });
		this.version = /define\('VERSION', '([^']+)'/.exec(fs.readFileSync(path.join(this.site, "index.php"), "utf8"))[1];
		await this.startPhp();
	}

	is(least) {
		return this.version.localeCompare(least, undefined, { numeric: true }) >= 0;
	}

	/* clock: an offset for faketime, "+1d". */
	async startPhp(clock) {
		const serve = ["-d", "display_errors=0", "-d", "log_errors=1", "-d", "error_log=" + path.join(this.folder, "php-errors.log"), "-d", "upload_max_filesize=32M",
			"-S", new URL(this.url).host, "-t", this.site];

		const [command, ...words] = clock ? ["faketime", "-f", clock, "php", ...serve] : ["php", ...serve];

		[this.php] = await Program.start(() => new Program("php", command, words, { logs: this.folder, env: { PHP_CLI_SERVER_WORKERS: "4" } }),
			() => fetch(this.url, { redirect: "manual" }).then(() => true, () => false));
	}

	/* Files of the shop, caches aside, whose path within it says so. */
	filesNamed(pattern) {
		return fs.readdirSync(this.site, { recursive: true }).filter((name) => pattern.test(name) && !/storage\/cache\//.test(name));
	}

	phpErrors() {
		const file = path.join(this.folder, "php-errors.log");

		return fs.existsSync(file) ? fs.readFileSync(file, "utf8") : "";
	}

	/* ---- looking ---- */

	/* account: the part that belongs to this one. */
	async sandbox(what, account) {
		const of = account ? (what.includes("?") ? "&" : "?") + "key_last4=" + KEYS[account].slice(-4) : "";

		return (await fetch(this.klaviyoUrl + "/sandbox/" + what + of)).json();
	}

	/* Nothing waits in the shop or in Pannier. */
	async quiet() {
		await until(async () => {
			const flush = await fetch(this.flushUrl());

			await flush.text();
			return this.waiting() === 0;
		}, () => "the shop's outbox is empty: " + JSON.stringify(this.db.rows(
			"SELECT kind, entity, due FROM oc_pannier_outbox WHERE done = 0 LIMIT 5")) + JSON.stringify(this.db.rows("SELECT last_error FROM oc_pannier_target")));
		this.pannier("wait", "--idle", "--timeout", "120");
	}

	flushUrl() {
		const route = this.is("4.0.2.0") ? "extension/pannier/pannier.flush" : this.is("4") ? "extension/pannier/pannier|flush" : "extension/module/pannier/flush";

		return this.url + "index.php?route=" + route + "&key=" + this.db.value("SELECT value FROM oc_pannier_setting WHERE name = 'flush_key'");
	}

	pullUrl() {
		return this.url + "index.php?route=" + (this.is("4") ? "extension/pannier/pannier.pull" : "extension/module/pannier/pull");
	}

	/* What Pannier asks for, signed as it signs. */
	async pull(ask, key = SECRET) {
		const body = JSON.stringify(ask), id = randomUUID(), at = String(Math.floor(Date.now() / 1000));
		const signature = createHmac("sha256", Buffer.from(key.slice(6), "base64")).update(`${id}.${at}.${body}`).digest("base64");
		const answer = await fetch(this.pullUrl(), { method: "POST", body,
			headers: { "Content-Type": "application/json", "webhook-id": id, "webhook-timestamp": at, "webhook-signature": "v1," + signature } });

		return { status: answer.status, value: await answer.json() };
	}

	log() {
		return this.db.try("SELECT 1 FROM opencart.oc_pannier_log") ? this.db.run("SELECT message FROM oc_pannier_log ORDER BY log_id DESC LIMIT 5") : "";
	}

	waiting() {
		return Number(this.db.value("SELECT COUNT(*) FROM oc_pannier_outbox WHERE done = 0 AND due <= UNIX_TIMESTAMP()")) +
			Number(this.db.value("SELECT COUNT(*) FROM oc_pannier_job WHERE state = 'running'"));
	}

	async stop() {
		for (const program of [this.php, this.daemon, this.klaviyo, this.db.program])
			if (program)
				await program.stop();
		if (!process.env.PANNIER_KEEP)
			fs.rmSync(this.folder, { recursive: true, force: true });
	}
}

module.exports = { World, Program, until, freePort, SECRET, CONNECTION };
