/*
 * How everything is doing: is it in step, and if not, until when; what needs a person.
 */
import { html, useMemo } from "../core/dom.js";
import { address } from "../core/api.js";
import { number, rate, short } from "../core/format.js";
import { href } from "../core/router.js";
import { may, useSession } from "../core/session.js";
import { known, t } from "../core/strings.js";
import { useRead } from "../core/use.js";
import { Empty, Foreign, Loaded, Notice, Page, Section, Tag, Time } from "../parts/base.js";
import { Budget } from "../parts/budget.js";
import { Plot } from "../parts/plot.js";

const EVERY_MS = 5000;
const PLOT_EVERY_MS = 30000;
const STEP_MIN = 5;
const DAY_S = 86400;

function Standing({ row }) {
	if (row.klaviyo.state === "stopped")
		return html`<${Tag} tone="bad">${t("overview.stopped")}<//>`;
	if (row.in_step && row.failed > 0)
		return html`<${Tag} tone="bad">${t("failed.count", { n: number(row.failed) })}<//>`;
	if (row.in_step)
		return html`<${Tag} tone="good">${t("overview.in_step")}<//>`;
	return html`<${Tag} tone="warn">${t("overview.behind", { n: number(row.behind) })}<//>`;
}

function Figure({ label, value, tone, link }) {
	const body = html`<span class="figure-value">${value}</span><span class="figure-label">${label}</span>`;

	return link ? html`<a class=${`figure ${tone || ""}`} href=${link}>${body}</a>` : html`<div class=${`figure ${tone || ""}`}>${body}</div>`;
}

function AccountCard({ row }) {
	return html`<section class="card account" aria-label=${row.account}>
		<header class="card-head"><h2><a href=${href("settings", "accounts", row.account)} dir="auto">${row.account}</a></h2><${Standing} row=${row} /></header>
		${row.klaviyo.state === "stopped" && html`<${Notice} tone="bad" title=${t("overview.stopped.title")}>
			<p><${Foreign} text=${row.klaviyo.reason || ""} /> ${t("overview.stopped.kept")}</p><//>`}
		<div class="figures">
			<${Figure} label=${t("overview.waiting")} value=${short(row.behind)} tone=${row.behind ? "warn" : ""} />
			<${Figure} label=${t("overview.failed")} value=${short(row.failed)} tone=${row.failed ? "bad" : ""} link=${href("failed")} />
			<${Figure} label=${t("overview.accepted")} value=${short(row.accepted)} />
			${row.per_minute !== undefined && html`<${Figure} label=${t("overview.per_minute")} value=${rate(row.per_minute)} />`}
		</div>
		<p class="note">${row.behind_until ? html`${t("overview.until")} <${Time} at=${row.behind_until} />. ` : ""}
			${row.oldest_waiting_at ? html`${t("overview.oldest")} <${Time} at=${row.oldest_waiting_at} />.` : ""}
			${row.in_step ? t(row.failed > 0 ? "overview.in_step.failed" : "overview.in_step.note") : ""}</p>
		<${Budget} rows=${row.budget} />
	</section>`;
}

function StoreRow({ row }) {
	const link = href("activity", { store: row.store });

	return html`<li class="store">
		<div class="store-name"><a href=${link}><${Foreign} text=${row.store} /></a>
			<span class="soft">${row.platform} → <${Foreign} text=${row.account} /></span></div>
		<div>${row.last_message_at ? (row.in_step ? html`<${Tag} tone="good">${t("overview.in_step")}<//>` :
			html`<${Tag} tone="warn">${t("overview.reading", { n: number(row.pending + row.due) })}<//>`) :
			html`<a href=${href("waiting", row.store)}><${Tag} tone="info">${t("overview.no_message")}<//></a>`}</div>
		<dl class="inline">
			<div><dt>${t("overview.last")}</dt><dd><${Time} at=${row.last_message_at} /></dd></div>
			<div><dt>${t("overview.received")}</dt><dd>${short(row.received)}</dd></div>
			<div><dt>${t("overview.failed")}</dt><dd><a class=${row.failed ? "bad" : "calm"} href=${href("failed", { store: row.store })}>${short(row.failed)}</a></dd></div>
			<div><dt>${t("overview.held")}</dt><dd><a class=${row.held ? "warn" : "calm"} href=${href("held", { store: row.store })}>${short(row.held)}</a></dd></div>
		</dl></li>`;
}

function toneOfWarning(code) {
	return /broken|stopped|failed/.test(code) ? "bad" : "warn";
}

function Warnings({ rows }) {
	return rows.map((row, i) => html`<${Notice} key=${row.code + i} tone=${toneOfWarning(row.code)}
		title=${known(`warning.${row.code}`) ? t(`warning.${row.code}`, { store: row.store, account: row.account }) : ""}
		actions=${row.code === "failed" ? html`<a class="button" href=${href("failed")}>${t("overview.look")}</a>` :
			row.store ? html`<a class="button" href=${href("settings", "stores", row.store)}>${t("overview.look")}</a>` :
				row.account ? html`<a class="button" href=${href("settings", "accounts", row.account)}>${t("overview.look")}</a>` : null}>
		<p dir="auto">${row.text}</p><//>`);
}

function Day() {
	const series = useRead(address("/overview/series", { step_min: STEP_MIN }), { every: PLOT_EVERY_MS });
	const plot = useMemo(() => series.data && {
		times: series.data.received.map((_, i) => Date.parse(series.data.from) / 1000 + i * series.data.step_s),
		span: [Date.now() / 1000 - DAY_S, Date.now() / 1000],
		lines: [
			{ label: t("plot.received"), colour: "--line-a", values: series.data.received },
			{ label: t("plot.accepted"), colour: "--line-b", values: series.data.accepted, dash: [6, 3] },
			{ label: t("plot.failed"), colour: "--line-c", values: series.data.failed, dash: [2, 3] }
		]
	}, [series.data]);

	if (series.error && series.error.status === 404)
		return null;
	return html`<${Section} title=${t("plot.title")} id="day" note=${series.data && t("plot.step", { n: series.data.step_s / 60 })}>
		<${Loaded} read=${series}>${() => html`<${Plot} label=${t("plot.title")} ...${plot} />`}<//><//>`;
}

function Nothing({ session }) {
	return html`<${Empty} title=${t("overview.empty")} actions=${may(session, "accounts:write") &&
		html`<a class="button main" href=${href("connect", { first: "1" })}>${t("overview.begin")}</a>`}>${t("overview.empty.text")}<//>`;
}

function Body({ data, session }) {
	if (data.accounts.length === 0)
		return html`<${Nothing} session=${session} />`;
	return html`<${Warnings} rows=${data.warnings} />
		<div class="grid">${data.accounts.map((row) => html`<${AccountCard} key=${row.account} row=${row} />`)}</div>
		<${Day} />
		<${Section} title=${t("overview.stores")} id="stores" actions=${may(session, "accounts:write") &&
			html`<a class="button" href=${href("store")}>${t("overview.add_store")}</a>`}>
			${data.stores.length === 0 ? html`<p>${t("overview.no_stores")}</p>` :
				html`<ul class="stores">${data.stores.map((row) => html`<${StoreRow} key=${row.store} row=${row} />`)}</ul>`}
		<//>`;
}

export default function Overview() {
	const overview = useRead("/overview", { every: EVERY_MS, live: true }), session = useSession();

	return html`<${Page} title=${t("nav.overview")} wide=${true}>
		<${Loaded} read=${overview} lines=${8}>${(data) => html`<${Body} data=${data} session=${session} />`}<//>
	<//>`;
}
