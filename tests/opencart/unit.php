<?php
/* What of the extension needs no shop: signatures, phone numbers, texts, ids, and that its own table of triggers matches. */
namespace Pannier;

foreach (['shop', 'handlers', 'variants', 'render_people', 'sender', 'page', 'outbox', 'admin'] as $name) {
	require_once __DIR__ . '/../../integrations/opencart/lib/' . $name . '.php';
}

$failed = 0;

/* Every file of both packages parses; one process, because starting PHP for each takes longer. */
foreach (new \RecursiveIteratorIterator(new \RecursiveDirectoryIterator(__DIR__ . '/../../integrations/opencart')) as $file) {
	if ($file->getExtension() === 'php') {
		try {
			token_get_all(file_get_contents($file->getPathname()), TOKEN_PARSE);
		} catch (\ParseError $problem) {
			$failed++;
			echo 'FAIL ' . $file->getPathname() . ':' . $problem->getLine() . ': ' . $problem->getMessage() . "\n";
		}
	}
}

function same(string $what, $got, $want)
{
	global $failed;

	if ($got !== $want) {
		$failed++;
		echo "FAIL $what: got " . var_export($got, true) . ', want ' . var_export($want, true) . "\n";
	}
}

/* The vector of Standard Webhooks. */
same('signature', Sender::signature('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'msg_p5jXN8AQM9LWM0D4loKWxJek', '1614265330', '{"test": 2432232314}'),
	'g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
same('a secret as it is', Sender::signature('0123456789abcdef', 'a', '1', '{}'), base64_encode(hash_hmac('sha256', 'a.1.{}', '0123456789abcdef', true)));

foreach ([
	['+43 664 123-45 67', 'AT', '+436641234567'],
	['0664 1234567', 'AT', '+436641234567'],
	['00436641234567', '', '+436641234567'],
	['(617) 555-1234', 'US', '+16175551234'],
	['555-1234', 'US', '555-1234'],
	['0664 1234567', '', '0664 1234567'],
	['', 'AT', ''],
] as $row) {
	same("phone $row[0] $row[1]", Phone::international($row[0], $row[1]), $row[2]);
}

same('entities', Shop::text('Apple Cinema 30&quot; &amp; more &lt;b&gt; &#039;x&#039;'), 'Apple Cinema 30" & more <b> \'x\'');
same('broken UTF-8', Shop::text("a\xff<"), "a\u{fffd}<");
same('cut', [Shop::cut("\u{e4}\n\u{1f600}b", 3), Shop::cut("a\xffb", 2), Shop::cut('', 5)], ["\u{e4}\n\u{1f600}", "a\xff", '']);
same('variant', Variants::id(42, [7, 5]), '42-7.5');
same('script', Page::scriptUrl('https://p.example:8443/hooks/opencart/my-shop'), 'https://p.example:8443/s/my-shop.js');

/* What the settings page calls automatic is what Pannier does. */
preg_match_all('/\{ "(\d+)", "[^"]*", "(\w+)" \}/', file_get_contents(__DIR__ . '/../../src/platform/opencart/opencart_state.c'), $rows, PREG_SET_ORDER);
same('meanings of statuses', array_column($rows, 2, 1), Admin::AUTOMATIC);

/* OpenCart's own rule: quoted, then * and ? stand for any characters and any one, from the start on. */
function matches(string $trigger, string $event): bool
{
	return (bool)preg_match('/^' . str_replace(['\*', '\?'], ['.*', '.'], preg_quote($trigger, '/')) . '/', $event);
}

foreach ([
	'admin/model/catalog/product/addProduct/after', 'admin/model/catalog/product.addProduct/after', 'admin/model/catalog/product.deleteProduct/before',
	'admin/model/sale/order.deleteOrder/before', 'catalog/model/checkout/order/addOrderHistory/before', 'catalog/model/checkout/order/addHistory/after',
	'catalog/model/checkout/order.addHistory/after', 'catalog/controller/checkout/cart.add/after', 'catalog/controller/checkout/cart/add/after',
	'catalog/controller/checkout/register.save/after', 'catalog/controller/checkout/guest/save/after', 'catalog/controller/checkout/checkout/after',
	'catalog/model/account/customer.editNewsletter/before',
] as $event) {
	$found = false;
	foreach (Handlers::TRIGGERS as $trigger => $when) {
		foreach ($when === 'both' ? ['before', 'after'] : [$when] as $which) {
			$found = $found || matches($trigger . $which, $event);
		}
	}
	same("some trigger matches $event", $found, true);
}
foreach (['admin/model/catalog/product.addProductToStore/after', 'catalog/model/checkout/order.addTotal/after', 'admin/model/catalog/product.getProduct/after'] as $event) {
	foreach (Handlers::TRIGGERS as $trigger => $when) {
		same("$trigger matches $event", matches($trigger . 'after', $event), false);
	}
}
foreach (array_keys(Outbox::SWITCHES) as $kind) {
	same("kind $kind fits its column", strlen($kind) <= 16, true);
}

echo $failed ? "$failed failed\n" : "ok\n";
exit($failed ? 1 : 0);
