/*
 * Does Klaviyo hold what the shop holds? The last comparison of each store, and mending what differs.
 */
import { html, useState } from "../core/dom.js";
import { request, seg, send } from "../core/api.js";
import { number } from "../core/format.js";
import { may, useSession } from "../core/session.js";
import { t } from "../core/strings.js";
import { useAction, useRead } from "../core/use.js";
import { Button, Facts, Foreign, Notice, ProblemNote, Section, Skeleton, Tag, Time } from "./base.js";
import { Confirm } from "./dialog.js";

const ASK_MS = 3000;
const COUNTS = ["same", "stale", "missing", "orphaned", "duplicated", "kept", "moving", "foreign"];

function Counts({ rows }) {
	const shown = COUNTS.filter((name) => name === "same" || rows.some((row) => row[name] > 0));

	return html`<div class="table" tabindex="0" role="region" aria-label=${t("reconcile.counts")}><table>
		<thead><tr><td></td>${shown.map((name) => html`<th key=${name} scope="col">
			${t(`reconcile.${name}`)}</th>`)}</tr></thead>
		<tbody>${rows.map((row) => html`<tr key=${row.kind}><th scope="row">${t(`delivery.${row.kind}`)}</th>
			${shown.map((name) => html`<td key=${name}>${number(row[name])}</td>`)}</tr>`)}</tbody></table></div>`;
}

function Example({ row }) {
	return html`<li><${Tag} tone="warn">${t(`reconcile.${row.verdict}`)}<//> ${t(`delivery.${row.kind}`)}${" "}
		<${Foreign} text=${row.external_id} mono=${true} />${" "}
		${row.differs && html`<span class="soft"><${Foreign} text=${row.differs} /></span>`}</li>`;
}

function Examples({ rows }) {
	return html`<details><summary>${t("reconcile.examples")}</summary>
		<ul class="plain">${rows.map((row, i) => html`<${Example} key=${i} row=${row} />`)}</ul></details>`;
}

function titleOf(row) {
	if (row.state === "open")
		return t("reconcile.runs");
	if (row.state !== "done")
		return t(`import.state.${row.state}`);
	return row.agrees ? t("reconcile.agrees") : t("reconcile.differ", { n: number(row.differ) });
}

function Report({ row }) {
	const tone = row.state === "failed" ? "bad" : row.state === "open" ? "info" : row.agrees ? "good" : "warn";

	return html`<${Notice} tone=${tone} title=${titleOf(row)}>
			<p>${t("reconcile.compared")} <${Time} at=${row.changed_at} /> · <${Foreign} text=${row.stage} /></p>
			${row.reason && html`<p><${Foreign} text=${row.reason} /></p>`}
			${row.withheld > 0 && html`<p>${t("reconcile.withheld", { n: number(row.withheld) })}</p>`}
			${row.ambiguous && html`<p>${t("reconcile.ambiguous")}</p>`}<//>
		<${Facts} rows=${[
			[t("reconcile.there"), number(row.there)], [t("reconcile.requests"), number(row.requests)],
			row.told > 0 && [t("reconcile.told"), number(row.told)],
			row.deleted > 0 && [t("reconcile.deleted"), number(row.deleted)]
		]} />
		${row.counts.length > 0 && html`<${Counts} rows=${row.counts} />`}
		${row.examples.length > 0 && html`<${Examples} rows=${row.examples} />`}`;
}

function Acts({ store, row, reload }) {
	const [asked, setAsked] = useState(""), path = `/stores/${seg(store)}/reconcile`;
	const [run, state] = useAction(async (body) => {
		await (body ? send(path, body) : request("POST", `${path}/cancel`));
		reload();
	});
	const runs = row && row.state === "open", differs = row && row.state === "done" && !row.agrees;

	return html`<${ProblemNote} error=${state.error} /><div class="actions">
		${!runs && html`<${Button} busy=${state.busy} onClick=${() => run({})}>${t("reconcile.do")}<//>`}
		${runs && html`<${Button} kind="danger" onClick=${() => run(null)}>${t("import.cancel")}<//>`}
		${differs && html`<${Button} kind="main" onClick=${() => setAsked("fix")}>${t("reconcile.fix")}<//>`}
		${differs && row.withheld > 0 && html`<${Button} kind="danger" onClick=${() => setAsked("confirm")}>
			${t("reconcile.confirm")}<//>`}</div>
		${asked && html`<${Confirm} title=${t(`reconcile.${asked}.title`)} act=${t(`reconcile.${asked}`)}
			text=${t(`reconcile.${asked}.text`, { n: number(row.withheld) })} danger=${asked === "confirm"}
			onClose=${() => setAsked("")} onDo=${() => run({ fix: true, confirm: asked === "confirm" })} />`}`;
}

function Store({ name, writes }) {
	const last = useRead(`/stores/${seg(name)}/reconcile`, { every: ASK_MS });
	const never = last.error && last.error.code === "not_found";

	return html`<li class="import"><h3><${Foreign} text=${name} /></h3>
		${last.data === undefined && !last.error && html`<${Skeleton} lines=${2} />`}
		${never && !last.data && html`<p class="soft">${t("reconcile.never")}</p>`}
		${last.error && !never && html`<${ProblemNote} error=${last.error} retry=${last.reload} />`}
		${last.data && html`<${Report} row=${last.data} />`}
		${writes && html`<${Acts} store=${name} row=${last.data} reload=${last.reload} />`}</li>`;
}

export function Reconcile({ stores }) {
	const writes = may(useSession(), "agreement:write");

	return html`<${Section} title=${t("reconcile.title")} id="reconcile" note=${t("reconcile.note")}>
		<ul class="imports">${stores.map((row) => html`<${Store} key=${row.name} name=${row.name}
			writes=${writes} />`)}</ul><//>`;
}
