/*
 * What lets in: sessions of browsers, tokens of scripts.
 */
import { html, useState } from "../core/dom.js";
import { request, send } from "../core/api.js";
import { useSession } from "../core/session.js";
import { t } from "../core/strings.js";
import { useAction, useRead } from "../core/use.js";
import { Button, Foreign, Loaded, Paste, ProblemNote, Section, Tag, Time } from "./base.js";
import { Confirm, Dialog } from "./dialog.js";
import { Check, Form, TextField } from "./form.js";
import { toast } from "./toast.js";

/* "Mozilla/5.0 (X11; Linux x86_64) ... Chrome/130.0" -> "Chrome 130, Linux" */
export function browserName(agent) {
	const program = /(Firefox|Edg|OPR|Chrome|Safari)\/(\d+)/.exec(agent), system = /(Windows|Mac OS X|Android|iPhone|iPad|Linux)/.exec(agent);

	return program ? `${program[1] === "Edg" ? "Edge" : program[1]} ${program[2]}${system ? ", " + system[1] : ""}` : agent.slice(0, 60);
}

function Login({ row, end }) {
	return html`<li class="store"><div class="store-name"><${Foreign} text=${browserName(row.browser)} /> ${row.current && html`<${Tag} tone="good">${t("login.this")}<//>`}
			<p class="note"><${Foreign} text=${row.user} /> · <code>${row.address}</code></p></div>
		<div class="soft">${t("login.seen")} <${Time} at=${row.seen_at} /> · ${t("login.until")} <${Time} at=${row.expires_at} /></div>
		<div class="actions">${!row.current && html`<${Button} kind="small" onClick=${() => end(row)}>${t("login.end")}<//>`}</div></li>`;
}

export function Logins() {
	const logins = useRead("/sessions"), [run, state] = useAction(async (row) => {
		await request("DELETE", `/sessions/${row.id}`);
		toast(t("login.ended"));
		logins.reload();
	});

	return html`<${Section} title=${t("login.title")} id="sessions"><${ProblemNote} error=${state.error} />
		<${Loaded} read=${logins}>${(page) => html`<ul class="stores">${page.items.map((row) => html`<${Login} key=${row.id} row=${row} end=${run} />`)}</ul>`}<//><//>`;
}

function TokenDialog({ reload, onClose }) {
	const session = useSession(), [name, setName] = useState(""), [days, setDays] = useState("90");
	const [scopes, setScopes] = useState(["overview:read"]), [made, setMade] = useState(null);
	const [run, state] = useAction(async () => {
		setMade(await send("/tokens", { name: name.trim(), scopes, expires_days: Number(days) || 90 }));
		reload();
	});

	return html`<${Dialog} title=${t("token.title")} onClose=${onClose}>
		${made ? html`<${Paste} label=${t("token.secret")} text=${made.secret} secret=${true} /><p class="note">${t("token.use")}</p>
			<div class="actions end"><${Button} kind="main" onClick=${onClose}>${t("act.done")}<//></div>` : html`
		<${Form} onSubmit=${() => name.trim() && scopes.length && run()}>
			<${TextField} label=${t("token.name")} help=${t("token.name.help")} value=${name} onValue=${setName} maxlength="100" />
			<${TextField} label=${t("token.days")} help=${t("token.days.help")} value=${days} onValue=${setDays} inputmode="numeric" />
			<fieldset class="field"><legend>${t("token.scopes")}</legend>${session.user.scopes.filter((scope) => scope !== "self").map((scope) =>
		html`<${Check} key=${scope} label=${scope} on=${scopes.includes(scope)} onValue=${(on) => setScopes(on ? [...scopes, scope] : scopes.filter((one) => one !== scope))} />`)}</fieldset>
			<${ProblemNote} error=${state.error} />
			<div class="actions end"><${Button} onClick=${onClose}>${t("act.cancel")}<//><${Button} type="submit" kind="main" busy=${state.busy}>${t("token.do")}<//></div><//>`}
	<//>`;
}

export function Tokens() {
	const tokens = useRead("/tokens"), [asked, setAsked] = useState(null);

	return html`<${Section} title=${t("token.list")} id="tokens" note=${t("token.note")} actions=${html`<${Button} onClick=${() => setAsked({})}>${t("token.new")}<//>`}>
		<${Loaded} read=${tokens}>${(page) => page.items.length === 0 ? html`<p class="soft">${t("token.none")}</p>` : html`<ul class="stores">${page.items.map((row) => html`
			<li class="store" key=${row.id}><div class="store-name"><${Foreign} text=${row.name} /> <code>…${row.last4}</code>
				<p class="note"><${Foreign} text=${row.user} /> · ${row.scopes.join(", ")}</p></div>
			<div class="soft">${t("login.until")} <${Time} at=${row.expires_at} /> · ${t("token.seen")} <${Time} at=${row.seen_at} /></div>
			<div class="actions"><${Button} kind="small" onClick=${() => setAsked(row)}>${t("act.remove")}<//></div></li>`)}</ul>`}<//>
		${asked && asked.id === undefined && html`<${TokenDialog} reload=${tokens.reload} onClose=${() => setAsked(null)} />`}
		${asked && asked.id !== undefined && html`<${Confirm} title=${t("token.remove.title", { name: asked.name })} text=${t("token.remove.text")} act=${t("act.remove")}
			danger=${true} onClose=${() => setAsked(null)} onDo=${async () => {
		await request("DELETE", `/tokens/${asked.id}`);
		tokens.reload();
	}} />`}
	<//>`;
}
