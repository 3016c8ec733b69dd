/*
 * The user who is signed in: password, second factor, sessions, tokens.
 */
import { html, useState } from "../core/dom.js";
import { request, send } from "../core/api.js";
import { useSession } from "../core/session.js";
import { t } from "../core/strings.js";
import { useAction } from "../core/use.js";
import { Button, Notice, Page, Paste, ProblemNote, Section, Tag } from "../parts/base.js";
import { Dialog } from "../parts/dialog.js";
import { Form, TextField } from "../parts/form.js";
import { Logins, Tokens } from "../parts/grants.js";
import { PasswordField, passwordProblem } from "../parts/password.js";
import { Qr } from "../parts/qr.js";
import { toast } from "../parts/toast.js";

function Password({ reloadSession }) {
	const [old, setOld] = useState(""), [next, setNext] = useState(""), [tried, setTried] = useState(false);
	const [run, state] = useAction(async () => {
		await send("/me/password", { old, new: next });
		toast(t("me.password.done"));
		reloadSession();
	});

	return html`<${Section} title=${t("me.password")} id="password"><${Form} onSubmit=${() => {
		setTried(true);
		if (old && !passwordProblem(next))
			run();
	}}>
		<${TextField} label=${t("me.password.old")} type="password" autocomplete="current-password" value=${old}
			onValue=${setOld} />
		<${PasswordField} label=${t("password.new")} value=${next} onValue=${setNext} tried=${tried} />
		<${ProblemNote} error=${state.error} kept=${t("me.password.kept")} />
		<div class="actions end"><${Button} type="submit" busy=${state.busy}>
			${t("me.password.do")}<//></div><//><//>`;
}

/* on: it is to be set up; otherwise it is to be taken away */
function FactorDialog({ on, onClose, done }) {
	const [password, setPassword] = useState(""), [made, setMade] = useState(null);
	const [code, setCode] = useState("");
	const [begin, beginning] = useAction(async () => {
		if (on) {
			setMade(await request("POST", "/me/totp"));
			return;
		}
		await send("/me/totp/remove", { password });
		done();
	});
	const [confirm, confirming] = useAction(async () => {
		await request("PUT", "/me/totp", { body: { secret: made.secret, code: code.trim(), password } });
		done();
	});

	return html`<${Dialog} title=${t(on ? "totp.on.title" : "totp.off.title")} onClose=${onClose}>
		${!made ? html`<${Form} onSubmit=${() => password && begin()}>
			<p>${t(on ? "totp.on.text" : "totp.off.text")}</p>
			<${TextField} label=${t("password")} type="password" autocomplete="current-password" value=${password}
				onValue=${setPassword} />
			<${ProblemNote} error=${beginning.error} />
			<div class="actions end"><${Button} onClick=${onClose}>${t("act.cancel")}<//>
				<${Button} type="submit" kind=${on ? "main" : "danger"} busy=${beginning.busy}>
					${t(on ? "act.next" : "totp.off")}<//></div><//>` : html`
		<${Form} onSubmit=${() => code.trim().length === 6 && confirm()}><p>${t("totp.app")}</p>
			<${Qr} rows=${made.qr} label=${t("totp.qr")} />
			<${Paste} label=${t("totp.secret")} text=${made.secret} secret=${true} />
			<p><a href=${made.url}>${t("totp.link")}</a></p>
			<${TextField} label=${t("code")} help=${t("code.help")} inputmode="numeric" autocomplete="one-time-code"
				maxlength="6" value=${code} onValue=${setCode} />
			<${ProblemNote} error=${confirming.error} />
			<div class="actions end">
				<${Button} type="submit" kind="main" busy=${confirming.busy}>${t("totp.on")}<//></div><//>`}
	<//>`;
}

function Factor({ reloadSession }) {
	const session = useSession(), on = session.user.totp, [asking, setAsking] = useState(false);

	return html`<${Section} title=${t("totp.section")} id="totp"
		actions=${html`<${Button} onClick=${() => setAsking(true)}>${t(on ? "totp.off" : "totp.on")}<//>`}>
		${on ? html`<${Tag} tone="good">${t("totp.is_on")}<//>` :
			html`<${Notice} tone="warn">${t("totp.is_off")}<//>`}
		${asking && html`<${FactorDialog} on=${!on} onClose=${() => setAsking(false)} done=${() => {
		setAsking(false);
		reloadSession();
		toast(t(on ? "totp.off.done" : "totp.on.done"));
	}} />`}<//>`;
}

export default function Me({ reloadSession }) {
	const { user } = useSession();

	return html`<${Page} title=${user.name} lead=${`${t(`role.${user.role}`)}: ${t(`role.${user.role}.may`)}`}>
		<${Password} reloadSession=${reloadSession} /><${Factor} reloadSession=${reloadSession} />
		<${Logins} /><${Tokens} />
	<//>`;
}
