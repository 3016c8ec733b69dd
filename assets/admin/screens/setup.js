/* The first owner: who has the link that the daemon printed chooses name and password. */
import { html, useState } from "../core/dom.js";
import { setUp } from "../core/session.js";
import { go, href } from "../core/router.js";
import { t } from "../core/strings.js";
import { useAction } from "../core/use.js";
import { Button, ProblemNote } from "../parts/base.js";
import { Form, TextField } from "../parts/form.js";
import { PasswordField, passwordProblem } from "../parts/password.js";
import { Steps } from "../parts/steps.js";

export default function Setup({ code, onEnter }) {
	const [name, setName] = useState(""), [password, setPassword] = useState(""), [given, setGiven] = useState(code);
	const [tried, setTried] = useState(false);
	const [run, state] = useAction(async () => {
		const session = await setUp({ code: given.trim(), name: name.trim(), password });

		go(href("connect", { first: "1" }), { replace: true });
		onEnter(session);
	});

	function submit() {
		setTried(true);
		if (name.trim() && given.trim() && !passwordProblem(password))
			run();
	}
	return html`<div class="card gate">
		<${Steps} at="owner" />
		<h1>${t("setup.title")}</h1>
		<p class="lead">${t("setup.lead")}</p>
		<${Form} onSubmit=${submit}>
			${!code && html`<${TextField} label=${t("setup.code")} help=${t("setup.code.help")} value=${given} onValue=${setGiven}
				error=${tried && !given.trim() && t("needed")} />`}
			<${TextField} label=${t("name")} help=${t("setup.name.help")} value=${name} onValue=${setName} autocomplete="username"
				error=${tried && !name.trim() && t("needed")} />
			<${PasswordField} label=${t("password.new")} value=${password} onValue=${setPassword} tried=${tried} />
			<${ProblemNote} error=${state.error} />
			<div class="actions end"><${Button} type="submit" kind="main" busy=${state.busy}>${t("setup.do")}<//></div>
		<//>
	</div>`;
}
