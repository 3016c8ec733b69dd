/* Who changed which settings when, from what to what, and back. Taking back is a change as any other. */
import { html, useState } from "../core/dom.js";
import { address, request } from "../core/api.js";
import { may, mayDefaults, useSession } from "../core/session.js";
import { known, t } from "../core/strings.js";
import { useAction, useRead } from "../core/use.js";
import { Button, Foreign, Loaded, Notice, ProblemNote, Section, Tag, Time } from "./base.js";
import { Dialog } from "./dialog.js";
import { Form } from "./form.js";
import { ChangeLines } from "./save_dialog.js";
import { labelOf } from "./setting_field.js";
import { toast } from "./toast.js";

const STEPS = [10, 100, 1000];
const TONES = { changed: "warn", done: "plain" };

const nameOf = (key) => known(`history.of.${key}`) ? t(`history.of.${key}`) : labelOf(key);
const plain = (row) => row.changes.filter((line) => !line.secret);
const secrets = (row) => row.changes.filter((line) => line.secret);

/* Values that are no longer what the change made of them. */
function NowLines({ row }) {
	const others = plain(row).filter((line) => line.now !== line.to);

	return html`<ul class="plain">${others.map((line) => html`<li key=${line.key}>
		<strong>${labelOf(line.key)}</strong> ${t("conflict.theirs")}${" "}
		<strong><bdi dir="auto">${line.now || t("choice.empty")}</bdi></strong></li>`)}</ul>`;
}

function WhatItDoes({ row }) {
	const lines = plain(row).map((line) => ({ key: line.key, before: line.now, after: line.from }));

	return html`<${ChangeLines} rows=${lines} />
		${plain(row).some((line) => line.sweep) &&
			html`<${Notice} title=${t("save.sweep")}>${t("save.sweep.text")}<//>`}
		${secrets(row).length > 0 && html`<p class="note">${t("history.secrets")}</p>`}`;
}

/* Somebody was faster, and that was seen before it was tried. */
function Overtaken({ row, state }) {
	return row.undo === "changed" && !state.busy && !state.error &&
		html`<${Notice} tone="bad" title=${t("problem.changed")}>${t("history.kept")}<//>`;
}

/* What taking it back would do, and it is done. Where somebody was faster, what counts now is shown. */
function UndoDialog({ row, reload, onClose }) {
	const possible = row.undo === "possible";
	const [run, state] = useAction(async () => {
		try {
			await request("POST", `/settings/history/${row.number}/undo`);
		} finally {
			reload();
		}
		toast(t("history.undone"));
		onClose();
	});

	return html`<${Dialog} title=${row.scope === "defaults" ? t("defaults.undo") : t("history.undo.title", { name: row.name })} onClose=${onClose}>
		<${Form} onSubmit=${run}>
			<${ProblemNote} error=${state.error} kept=${t("history.kept")} />
			<${Overtaken} row=${row} state=${state} />
			${possible ? html`<${WhatItDoes} row=${row} />` : html`<${NowLines} row=${row} />`}
			<div class="actions end">
				<${Button} onClick=${onClose}>${t(possible ? "act.cancel" : "act.close")}<//>
				${possible && html`<${Button} type="submit" kind="main" busy=${state.busy}>
					${t("history.undo.do")}<//>`}
			</div>
		<//>
	<//>`;
}

function Lines({ row }) {
	const lines = plain(row).map((line) => ({ key: line.key, before: line.from, after: line.to }));

	return html`${lines.length > 0 && html`<${ChangeLines} rows=${lines} />`}
		${secrets(row).map((line) => html`<p key=${line.key}><strong>${nameOf(line.key)}</strong>${" "}
			${t("history.secret_changed")}</p>`)}`;
}

function Entry({ row, writes, onUndo }) {
	const button = writes && row.undo === "possible" && html`<${Button} kind="small"
		aria-label=${t("history.undo.what", { number: row.number })}
		onClick=${() => onUndo(row.number)}>${t("history.undo")}<//>`;

	return html`<li class="event">
		<div class="event-head">
			<strong>${t(`history.${row.scope}.${row.what}`)} <${Foreign} text=${row.name} /></strong>
			<span>${row.by ? html`<${Foreign} text=${row.by} />` : t("history.cli")} · <${Time} at=${row.at} /></span>
		</div>
		<${Lines} row=${row} />
		<div class="event-head"><span class="soft">#${row.number}${" "}
			${TONES[row.undo] && html`<${Tag} tone=${TONES[row.undo]}>${t(`history.undo.${row.undo}`)}<//>`}</span>
			${button}</div>
	</li>`;
}

/* scope: "store" or "account", with its name; "defaults"; without: of all */
export function History({ scope, name }) {
	const [step, setStep] = useState(0), [asked, setAsked] = useState(null);
	const session = useSession(), writes = (one) => one.scope === "defaults" ? mayDefaults(session) : may(session, "settings:write");
	const query = { ...(scope === "defaults" ? { scope } : { [scope || "store"]: name }), limit: STEPS[step] };
	const history = useRead(address("/settings/history", query), { live: true });
	const row = asked && history.data && history.data.items.find((one) => one.number === asked);

	return html`<${Section} title=${t("history.title")} note=${t("history.note")} id="history">
		<${Loaded} read=${history}>${(page) => html`
			${page.items.length === 0 ? html`<p class="soft">${t("history.none")}</p>` :
				html`<ol class="timeline">${page.items.map((one) => html`<${Entry} key=${one.number} row=${one}
					writes=${writes(one)} onUndo=${setAsked} />`)}</ol>`}
			${page.next && step + 1 < STEPS.length && html`<div class="actions">
				<${Button} onClick=${() => setStep(step + 1)}>${t("history.older")}<//></div>`}`}<//>
		${row && html`<${UndoDialog} row=${row} reload=${history.reload} onClose=${() => setAsked(null)} />`}
	<//>`;
}
