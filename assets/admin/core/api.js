/*
 * The API: one function for all requests.
 *
 * Does:   the CSRF token, ETags of reads, If-Match and idempotency keys of writes, problems (RFC 9457) as errors.
 * Keeps:  a read that was answered once is never empty again: on 304, or while offline, the last answer counts.
 */
const ROOT = "/admin/api/v1";
const known = new Map(); /* path -> { etag, body } of the last answer */
const listeners = new Set();
let csrf = null;
let online = true;

/* status 0: no answer at all. code is for programs, title and detail are for people. */
export class Problem extends Error {
	constructor(status, body) {
		super(body.title || "");
		this.status = status;
		this.code = body.code || "unknown";
		this.title = body.title || "";
		this.detail = body.detail || "";
		this.retryAfter = body.retry_after_s || 0;
	}
}

/* listener({ online }) or listener({ signedOut: true }) */
export function onChange(listener) {
	listeners.add(listener);
	return () => listeners.delete(listener);
}

function tell(change) {
	for (const listener of listeners)
		listener(change);
}

function setOnline(now) {
	if (now === online)
		return;
	online = now;
	tell({ online });
}

/* Whether the last request had an answer. */
export const answers = () => online;

export function setCsrf(text) {
	csrf = text;
}

export function forget() {
	known.clear();
}

function headersOf(method, path, options) {
	const headers = { Accept: "application/json" };

	if (method === "GET") {
		if (known.has(path))
			headers["If-None-Match"] = known.get(path).etag;
		return headers;
	}
	if (csrf)
		headers["X-CSRF-Token"] = csrf;
	if (options.body !== undefined)
		headers["Content-Type"] = "application/json";
	if (options.match !== undefined)
		headers["If-Match"] = options.match;
	if (options.blob) {
		headers["Content-Type"] = "application/octet-stream";
		headers["Content-Range"] = options.range;
		return headers;
	}
	headers["Idempotency-Key"] = options.key || crypto.randomUUID();
	return headers;
}

async function ask(method, path, options) {
	let answer;

	try {
		answer = await fetch(ROOT + path, {
			method,
			headers: headersOf(method, path, options),
			body: options.blob || (options.body === undefined ? undefined : JSON.stringify(options.body)),
			credentials: "same-origin",
			signal: options.signal
		});
	} catch (error) {
		if (error.name === "AbortError")
			throw error;
		setOnline(false);
		throw new Problem(0, { code: "offline" });
	}
	setOnline(true);
	return answer;
}

async function bodyOf(answer) {
	if (answer.status === 204)
		return null;
	try {
		return await answer.json();
	} catch (error) {
		throw new Problem(answer.status, { code: "unreadable" });
	}
}

/*
 * options: body, match (the ETag that was read), key (idempotency), signal; or blob and range, a part of a file. Throws a
 * Problem.
 */
export async function request(method, path, options = {}) {
	const answer = await ask(method, path, options);

	if (answer.status === 304 && known.has(path))
		return known.get(path).body;
	const body = await bodyOf(answer);
	if (!answer.ok) {
		const problem = new Problem(answer.status, body || {});

		if (problem.code === "sign_in" || problem.code === "csrf")
			tell({ signedOut: true });
		throw problem;
	}
	if (method === "GET" && answer.headers.get("ETag"))
		known.set(path, { etag: answer.headers.get("ETag"), body });
	return body;
}

export const read = (path, options) => request("GET", path, options);
export const send = (path, body, options) => request("POST", path, { ...options, body });
export const last = (path) => known.has(path) ? known.get(path).body : undefined;

/* "/activity" and { store: "a", code: "" } -> "/activity?store=a" */
export function address(path, query) {
	const text = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== "" && value != null)).toString();

	return text ? `${path}?${text}` : path;
}

export const seg = encodeURIComponent;
export const fileAddress = (path, query) => ROOT + address(path, query);
