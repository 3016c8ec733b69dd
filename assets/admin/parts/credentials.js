/*
 * Key of an account, secret of a store: never shown, only replaced; of a secret the old one may stay valid for a while.
 */
import { html, useState } from "../core/dom.js";
import { request, send, seg } from "../core/api.js";
import { href } from "../core/router.js";
import { may, useSession } from "../core/session.js";
import { t } from "../core/strings.js";
import { useAction } from "../core/use.js";
import { Button, Facts, Notice, Paste, ProblemNote, Section, Time } from "./base.js";
import { CheckResult } from "./check_result.js";
import { Dialog } from "./dialog.js";
import { Check, Form, TextField } from "./form.js";
import { Guide } from "./guide.js";
import { OAuthButton, useOAuth } from "./oauth.js";
import { toast } from "./toast.js";

function KeyDialog({ row, reload, onClose }) {
	const [key, setKey] = useState("");
	const [run, state] = useAction(async () => {
		await request("PUT", `/accounts/${seg(row.name)}/key`, { body: { key: key.trim() } });
		toast(t("key.done"));
		reload();
		onClose();
	});

	return html`<${Dialog} title=${t("key.title")} onClose=${onClose}><${Form} onSubmit=${() => key.trim() && run()}>
		<p>${t("key.text")}</p>
		<${TextField} label=${t("connect.key")} help=${t("connect.key.help")} type="password" dir="ltr" value=${key} onValue=${setKey} />
		<${ProblemNote} error=${state.error} kept=${t("key.kept")} />
		<div class="actions end"><${Button} onClick=${onClose}>${t("act.cancel")}<//><${Button} type="submit" kind="main" busy=${state.busy}>${t("key.do")}<//></div>
	<//><//>`;
}

function SecretDialog({ row, reload, onClose }) {
	const [secret, setSecret] = useState(""), [keep, setKeep] = useState(true), [made, setMade] = useState(null);
	const [run, state] = useAction(async () => {
		const body = { keep_old: keep };
		const done = await send(`/stores/${seg(row.name)}/secret`, secret.trim() ? { ...body, secret: secret.trim() } : body);

		reload();
		setMade(done.secret || "");
		if (!done.secret)
			onClose();
	});

	return html`<${Dialog} title=${t("secret.title")} onClose=${onClose}><${Form} onSubmit=${run}>
		${made ? html`<${Paste} label=${t("guide.secret")} text=${made} secret=${true} /><p>${t("guide.secret.once")}</p>
			<div class="actions end"><${Button} kind="main" onClick=${onClose}>${t("act.done")}<//></div>` : html`
		<p>${t("secret.text")}</p>
		<${TextField} label=${t("secret.own")} help=${row.guide && row.guide.secret_is} type="password" dir="ltr" value=${secret} onValue=${setSecret} />
		<${Check} label=${t("secret.keep")} on=${keep} onValue=${setKeep} />
		<${ProblemNote} error=${state.error} kept=${t("key.kept")} />
		<div class="actions end"><${Button} onClick=${onClose}>${t("act.cancel")}<//><${Button} type="submit" kind="main" busy=${state.busy}>${t("secret.do")}<//></div>`}
	<//><//>`;
}

/* Its connection by OAuth: that it is one, that it has ended, and connecting it (again). */
function Connection({ row, owner }) {
	const there = useOAuth(owner);

	return html`${row.connection_problem && html`<${Notice} tone="bad" title=${t("oauth.ended")}>
			<p dir="auto">${row.connection_problem}</p><p>${t("oauth.ended.text")}</p><//>`}
		${owner && there && html`<p>${t(row.oauth ? "oauth.is" : "oauth.instead")}</p>
			<div class="actions"><${OAuthButton} account=${row.name} label=${t(row.oauth ? "oauth.anew" : "oauth.do")} /></div>`}`;
}

function AccountCredentials({ row, reload }) {
	const owner = may(useSession(), "accounts:write"), [asking, setAsking] = useState(false), [check, setCheck] = useState(null);
	const [run, state] = useAction(async () => setCheck(await request("POST", `/accounts/${seg(row.name)}/check`)));

	return html`<${Section} title=${t("key.section")} id="key" actions=${owner && html`<${Button} busy=${state.busy} onClick=${run}>${t("key.check")}<//>
			<${Button} onClick=${() => setAsking(true)}>${t("key.replace")}<//>`}>
		${!row.key_opens && html`<${Notice} tone="bad" title=${t("settings.key.broken")}>${t("key.broken.text")}<//>`}
		<${Facts} rows=${[row.oauth ? [t("oauth.way"), t("oauth.name")] : [t("key.last4"), html`<code>…${row.key_last4}</code>`],
			[t("key.since"), html`<${Time} at=${row.created_at} />`],
		[t("key.stores"), row.stores.length ? row.stores.map((name) => html`<a key=${name} href=${href("settings", "stores", name)}>${name}</a> `) : "–"]]} />
		<${Connection} row=${row} owner=${owner} />
		<${ProblemNote} error=${state.error} />${check && html`<${CheckResult} check=${check} />`}
		${asking && html`<${KeyDialog} row=${row} reload=${reload} onClose=${() => setAsking(false)} />`}
	<//>`;
}

function StoreCredentials({ row, reload }) {
	const owner = may(useSession(), "settings:write"), [asking, setAsking] = useState(false);
	const [forget, state] = useAction(async () => {
		await request("DELETE", `/stores/${seg(row.name)}/secret/old`);
		toast(t("secret.forgotten"));
		reload();
	});

	return html`<${Section} title=${t("secret.section")} id="secret" actions=${owner && html`
			${row.secrets > 1 && html`<${Button} busy=${state.busy} onClick=${forget}>${t("secret.forget")}<//>`}
			<${Button} onClick=${() => setAsking(true)}>${t("secret.replace")}<//>`}>
		${!row.secret_opens && html`<${Notice} tone="bad" title=${t("settings.secret.broken")}>${t("key.broken.text")}<//>`}
		${row.secrets > 1 && html`<${Notice} title=${t("settings.secrets.two")}>${t("secret.two.text")}<//>`}
		<${ProblemNote} error=${state.error} kept=${t("key.kept")} />
		<${Facts} rows=${[[t("key.last4"), html`<code>…${row.secret_last4}</code>`], [t("settings.account"), html`<a href=${href("settings", "accounts", row.account)}>${row.account}</a>`],
		[t("store.platform"), row.platform], [t("waiting.last"), html`<${Time} at=${row.last_message_at} />`]]} />
		<details><summary>${t("waiting.paste")}</summary>${row.guide && html`<${Guide} guide=${row.guide} />`}
			<p><a href=${href("waiting", row.name)}>${t("secret.wait")}</a></p></details>
		${asking && html`<${SecretDialog} row=${row} reload=${reload} onClose=${() => setAsking(false)} />`}
	<//>`;
}

export function Credentials({ kind, ...rest }) {
	return kind === "accounts" ? html`<${AccountCredentials} ...${rest} />` : html`<${StoreCredentials} ...${rest} />`;
}
