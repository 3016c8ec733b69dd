/*
 * What is brought in: files of history and what shops are asked for; how far it is, how fast, until when, and
 * what may be done about it.
 */
import { html, useState } from "../core/dom.js";
import { read, request, send } from "../core/api.js";
import { bytes, number, percent, rate } from "../core/format.js";
import { may, useSession } from "../core/session.js";
import { known, t } from "../core/strings.js";
import { useAction, useRead } from "../core/use.js";
import { Button, Empty, Facts, Foreign, Loaded, ProblemNote, Section, Tag, Time } from "./base.js";
import { Confirm, Dialog } from "./dialog.js";
import { Form, TextField } from "./form.js";
import { useRates } from "./rate.js";

const TONES = { open: "info", paused: "warn", failed: "bad", done: "good", cancelled: "plain" };
const ASK_MS = 2000;
const ENDED_SHOWN = 10;

const ended = (row) => row.state === "done" || row.state === "cancelled";
const fileName = (path) => path.split("/").pop();

export const kindLabel = (kind) => known(`sync.kind.${kind}`) ? t(`sync.kind.${kind}`) : kind;

function Rejects({ id }) {
	const [rows, setRows] = useState(null);
	const [run, state] = useAction(async () => setRows((await read(`/imports/${id}`)).rejects));

	if (!rows)
		return html`<${ProblemNote} error=${state.error} />
			<${Button} kind="small" busy=${state.busy} onClick=${run}>${t("import.rejects")}<//>`;
	return html`<ul class="rejects">${rows.map((row, i) => html`<li key=${i}>
		<code>${row.file && `${fileName(row.file)}:`}${row.line}</code>${" "}
		${row.column && html`<strong><${Foreign} text=${row.column} /></strong> `}
		<${Foreign} text=${row.why} /></li>`)}</ul>`;
}

function Throttle({ row, reload, onClose }) {
	const [perMinute, setPerMinute] = useState(String(row.per_minute || ""));
	const [run, state] = useAction(async () => {
		await send(`/imports/${row.id}/throttle`, { per_minute: Number(perMinute) || 0 });
		reload();
		onClose();
	});

	return html`<${Dialog} title=${t("import.throttle")} onClose=${onClose}><${Form} onSubmit=${run}>
		<${TextField} label=${t("import.per_minute")} help=${t("import.per_minute.help")} inputmode="numeric"
			value=${perMinute} onValue=${setPerMinute} />
		<${ProblemNote} error=${state.error} />
		<div class="actions end"><${Button} onClick=${onClose}>${t("act.cancel")}<//>
			<${Button} type="submit" kind="main" busy=${state.busy}>${t("save.do")}<//></div><//><//>`;
}

/* Which of pause, resume, cancel and throttle there are. */
function Acts({ row, reload }) {
	const [asked, setAsked] = useState("");
	const [run, state] = useAction(async (what) => {
		await request("POST", `/imports/${row.id}/${what}`);
		reload();
	});

	if (ended(row))
		return null;
	return html`<div class="actions"><${ProblemNote} error=${state.error} />
		${row.state === "open" ?
			html`<${Button} kind="small" onClick=${() => run("pause")}>${t("import.pause")}<//>` :
			html`<${Button} kind="small" onClick=${() => run("resume")}>${t("import.resume")}<//>`}
		<${Button} kind="small" onClick=${() => setAsked("throttle")}>${t("import.throttle")}<//>
		<${Button} kind="small danger" onClick=${() => setAsked("cancel")}>${t("import.cancel")}<//>
		${asked === "throttle" && html`<${Throttle} row=${row} reload=${reload} onClose=${() => setAsked("")} />`}
		${asked === "cancel" && html`<${Confirm} title=${t("import.cancel.title")} text=${t("import.cancel.text")}
			act=${t("import.cancel")} danger=${true} onClose=${() => setAsked("")} onDo=${() => run("cancel")} />`}
	</div>`;
}

function Progress({ row, speed }) {
	const text = row.percent === null ? t("import.read", { n: number(row.read) }) : percent(row.percent / 100);
	const label = t("import.progress", { kind: kindLabel(row.kind) }), paced = speed && speed.perMinute !== null;
	const end = row.ends_at || (speed && speed.doneAt);

	return html`<div class="progress-row">
		${row.percent === null ? html`<progress aria-label=${label}></progress>` :
			html`<progress max="100" value=${row.percent} aria-label=${label}></progress>`}
		<span>${text}</span></div>
		<p class="soft">${paced && t("import.rate", { n: rate(speed.perMinute) })}${" "}
			${end && html`· ${t("import.until")} <${Time} at=${end} />`}</p>`;
}

function Import({ row, speed, writes, reload }) {
	const sees = may(useSession(), "people:read");

	return html`<li class="import"><div class="event-head">
			<strong>${kindLabel(row.kind)} · <${Foreign} text=${row.store} /></strong>
			<${Tag} tone=${TONES[row.state]}>${t(`import.state.${row.state}`)}<//></div>
		${!ended(row) && html`<${Progress} row=${row} speed=${row.state === "open" ? speed : null} />`}
		${row.reason && html`<p><${Foreign} text=${row.reason} /></p>`}
		${row.waits_until && !ended(row) && html`<p>${t("import.waits")} <${Time} at=${row.waits_until} /></p>`}
		<${Facts} rows=${[
			row.source === "shop" ? [t("import.pages"), number(row.pages)] : [t("import.file"),
				html`<${Foreign} text=${fileName(row.file)} mono=${true} /> (${bytes(row.bytes)})`],
			[t("import.rows"), number(row.read)], [t("import.new"), number(row.new)],
			row.duplicate > 0 && [t("import.duplicate"), number(row.duplicate)],
			row.mended > 0 && [t("import.mended"), number(row.mended)],
			row.rejected > 0 && [t("import.rejected"), number(row.rejected)],
			row.per_minute > 0 && [t("import.per_minute"), number(row.per_minute)],
			[t("import.begun"), html`<${Time} at=${row.created_at} />`],
			[t("import.changed"), html`<${Time} at=${row.changed_at} />`]
		]} />
		${row.rejected > 0 && sees && html`<${Rejects} id=${row.id} />`}
		${writes && html`<${Acts} row=${row} reload=${reload} />`}</li>`;
}

export function Imports({ imports }) {
	const rows = imports.data ? imports.data.items : [], writes = may(useSession(), "settings:write");
	const rates = useRates(rows.map((row) => ({
		key: row.id, count: row.read, percent: row.percent, runs: row.state === "open"
	})));
	const order = [...rows.filter((row) => !ended(row)),
		...rows.filter(ended).sort((a, b) => b.id - a.id).slice(0, ENDED_SHOWN)];

	return html`<${Section} title=${t("import.title")} id="imports" note=${t("import.note")}>
		<${Loaded} read=${imports}>${() => order.length === 0 ?
			html`<${Empty} title=${t("import.none")}>${t("import.none.text")}<//>` :
			html`<ul class="imports">${order.map((row) => html`<${Import} key=${row.id} row=${row}
				speed=${rates.get(row.id)} writes=${writes} reload=${imports.reload} />`)}</ul>`}<//><//>`;
}

export const useImports = () => useRead("/imports", { every: ASK_MS, live: true });
