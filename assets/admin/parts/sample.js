/*
 * A sample: what this shop's messages become, shown and explained before the shop itself sends one; and, if
 * wanted, sent, so that it can be looked at in Klaviyo.
 */
import { html, useState } from "../core/dom.js";
import { address, seg, send } from "../core/api.js";
import { href } from "../core/router.js";
import { may, useSession } from "../core/session.js";
import { known, t } from "../core/strings.js";
import { useAction, useRead } from "../core/use.js";
import { ActivityLine } from "./activity_line.js";
import { Answer } from "./answer.js";
import { Button, Loaded, Notice, ProblemNote, Section } from "./base.js";
import { Dialog } from "./dialog.js";
import { Form, TextField } from "./form.js";
import { JsonView } from "./json_view.js";
import { Requests } from "./requests.js";
import { hasAddress, sampleOf } from "./sample_bodies.js";

const ASK_MS = 1000;

/* What became of the message that was sent, as it happens. */
function Sent({ message, store }) {
	const story = useRead(address("/story", { about: message, store }), { live: true, every: ASK_MS });

	return html`<${Loaded} read=${story}>${(data) => html`<${Answer} story=${data} />
		<ol class="timeline">${data.timeline.map((row) => html`<${ActivityLine} key=${row.id} row=${row} />`)}</ol>
		<div class="actions"><a class="button" href=${href("story", message)}>${t("act.story")}</a></div>`}<//>`;
}

/* It is real: it reaches Klaviyo, and flows may start. That is said before. */
function SendDialog({ store, onSent, onClose }) {
	const [email, setEmail] = useState(""), [tried, setTried] = useState(false);
	const needed = hasAddress(store.platform), good = !needed || /^\S+@\S+$/.test(email.trim());
	const [run, state] = useAction(async () => {
		const body = JSON.stringify(sampleOf(store.platform, email.trim(), Date.now()));

		onSent((await send(`/stores/${seg(store.name)}/messages`, { body })).items[0].message);
	});

	return html`<${Dialog} title=${t("sample.send.title")} onClose=${onClose}>
		<${Form} onSubmit=${() => {
		setTried(true);
		if (good)
			run();
	}}><p>${t(needed ? "sample.send.event" : "sample.send.catalog")}</p>
		${needed && html`<${TextField} label=${t("sample.send.email")} help=${t("sample.send.email.help")}
			type="email" value=${email} onValue=${setEmail} error=${tried && !good ? t("needed") : ""} />`}
		<${ProblemNote} error=${state.error} />
		<div class="actions end"><${Button} onClick=${onClose}>${t("act.cancel")}<//>
			<${Button} type="submit" kind="main" busy=${state.busy}>${t("sample.send.do")}<//></div><//><//>`;
}

function Shown({ body, rows }) {
	return html`<ol class="how">
		<li>${t("sample.step.1")}<${JsonView} value=${body} label=${t("sample.message")} /></li>
		<li>${t("sample.step.2")}${rows.map((row, i) => html`<${Requests} key=${i} preview=${row} />`)}</li>
		<li>${t("sample.step.3")}</li></ol>`;
}

export function Sample({ store }) {
	const session = useSession(), body = sampleOf(store.platform, "anna@example.com", Date.now());
	const [shown, setShown] = useState(null), [asked, setAsked] = useState(false);
	const [sent, setSent] = useState("");
	const [run, state] = useAction(async () => {
		const page = await send("/preview", { store: store.name, body: JSON.stringify(body) });

		setShown({ body, rows: page.items });
	});

	if (!body || !may(session, "people:read"))
		return null;
	return html`<${Section} title=${t("sample.title")} id="sample" note=${t("sample.note")}
		actions=${html`<${Button} busy=${state.busy} onClick=${run}>${t("sample.do")}<//>
			${may(session, "imports:write") && html`<${Button} onClick=${() => setAsked(true)}>
				${t("sample.send")}<//>`}`}>
		<${ProblemNote} error=${state.error} />
		${sent && html`<${Notice} title=${t("sample.sent")}>${t("sample.sent.text")}<//>
			<${Sent} message=${sent} store=${store.name} />`}
		${shown && html`<${Shown} ...${shown} />`}
		${known(`sample.${store.platform}`) && html`<p class="note">${t(`sample.${store.platform}`)}</p>`}
		${asked && html`<${SendDialog} store=${store} onClose=${() => setAsked(false)} onSent=${(message) => {
		setAsked(false);
		setSent(message);
	}} />`}
	<//>`;
}
