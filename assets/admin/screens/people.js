/*
 * One person: what every store keeps, what was consented to and when; all of it to take away, or gone.
 *
 * Keeps:  the address stands in the body of requests, never in an address of the API.
 */
import { html, useEffect, useState } from "../core/dom.js";
import { send } from "../core/api.js";
import { number } from "../core/format.js";
import { go, href } from "../core/router.js";
import { may, useSession } from "../core/session.js";
import { t } from "../core/strings.js";
import { useAction } from "../core/use.js";
import { Button, Empty, Foreign, Page, ProblemNote, Section } from "../parts/base.js";
import { ActivityLine } from "../parts/activity_line.js";
import { Confirm } from "../parts/dialog.js";
import { Form, TextField } from "../parts/form.js";
import { JsonView } from "../parts/json_view.js";
import { toast } from "../parts/toast.js";

function download(name, value) {
	const link = document.createElement("a");

	link.href = URL.createObjectURL(new Blob([JSON.stringify(value, null, 2)], { type: "application/json" }));
	link.download = name;
	link.click();
	setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

function Lines({ title, rows, empty }) {
	return html`<h3>${title}</h3>${rows.length === 0 ? html`<p class="soft">${empty}</p>` :
		html`<ol class="timeline">${rows.map((row) => html`<${ActivityLine} key=${row.id} row=${row} />`)}</ol>`}`;
}

function Person({ row }) {
	return html`<${Section} title=${row.store} note=${t("people.sums", { messages: number(row.messages.length), deliveries: number(row.deliveries.length) })}>
		<h3>${t("people.known")}</h3>
		<ul class="parts">${row.entities.map((entity) => html`<li key=${entity.kind + entity.id}>
			<a href=${href("story", entity.id, { store: row.store, kind: entity.kind })}>${t(`kind.${entity.kind}`)} <${Foreign} text=${entity.id} /></a>
			${entity.facts.map((fact, i) => fact.body && html`<details key=${i}><summary>${fact.part || t("story.body")}</summary>
				<${JsonView} value=${fact.body} label=${fact.part} /></details>`)}</li>`)}</ul>
		<${Lines} title=${t("people.consent")} rows=${row.consent} empty=${t("people.consent.none")} />
		<details><summary>${t("people.history", { n: number(row.history.length) })}</summary>
			<${Lines} title=${t("people.history.title")} rows=${row.history} empty=${t("people.history.none")} /></details>
	<//>`;
}

function Found({ email, rows, reload }) {
	const session = useSession(), [erasing, setErasing] = useState(false);
	const [take, taking] = useAction(async () => download(`${email}.json`, await send("/people/export", { email })));

	if (rows.length === 0)
		return html`<${Empty} title=${t("people.none")}>${t("people.none.text")}<//>`;
	return html`<div class="actions">
			<${Button} busy=${taking.busy} onClick=${take}>${t("people.export")}<//>
			${may(session, "people:erase") && html`<${Button} kind="danger" onClick=${() => setErasing(true)}>${t("people.erase")}<//>`}</div>
		<${ProblemNote} error=${taking.error} />
		${rows.map((row) => html`<${Person} key=${row.store} row=${row} />`)}
		${erasing && html`<${Confirm} title=${t("people.erase.title", { email })} text=${t("people.erase.text")} act=${t("people.erase")} danger=${true}
			kept=${t("people.erase.kept")} onClose=${() => setErasing(false)} onDo=${async () => {
		const done = await send("/people/erase", { email });

		toast(t("people.erase.done", { n: number(done.items.length) }));
		reload();
	}} />`}`;
}

export default function People({ query }) {
	const [email, setEmail] = useState(query.q || ""), [found, setFound] = useState(null);
	const [run, state] = useAction(async (whom) => setFound({ email: whom, rows: (await send("/people/find", { email: whom })).items }));

	useEffect(() => {
		if (!query.q)
			return;
		run(query.q);
		go(href("people"), { replace: true }); /* no address of a person stays in the browser's history */
	}, []);
	return html`<${Page} title=${t("nav.people")} lead=${t("people.lead")}>
		<${Section} id="find"><${Form} class="filters" role="search" aria-label=${t("people.find")} onSubmit=${() => email.trim() && run(email.trim())}>
			<${TextField} label=${t("people.email")} value=${email} onValue=${setEmail} type="search" inputmode="email" dir="ltr" />
			<div class="field"><${Button} type="submit" kind="main" busy=${state.busy}>${t("filters.find")}<//></div><//>
			<${ProblemNote} error=${state.error} /><//>
		${found && html`<${Found} key=${found.email} email=${found.email} rows=${found.rows} reload=${() => run(found.email)} />`}
	<//>`;
}
