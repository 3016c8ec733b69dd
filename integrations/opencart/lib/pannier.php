<?php
/**
 * Pannier for OpenCart 3.0 and 4.x. What both packages share: this folder knows OpenCart's tables and libraries, and the
 * differences between its releases; the controllers around it only hand over.
 *
 * Written for PHP 7.3 and newer, which is what OpenCart 3.0 may run on.
 */
namespace Pannier;

const VERSION_TEXT = '1.0.0';

require_once __DIR__ . '/shop.php';
require_once __DIR__ . '/outbox.php';
require_once __DIR__ . '/handlers.php';
require_once __DIR__ . '/context.php';
require_once __DIR__ . '/variants.php';
require_once __DIR__ . '/render_catalog.php';
require_once __DIR__ . '/render_order.php';
require_once __DIR__ . '/render_people.php';
require_once __DIR__ . '/render_shop.php';
require_once __DIR__ . '/render_cart.php';
require_once __DIR__ . '/sender.php';
require_once __DIR__ . '/flush.php';
require_once __DIR__ . '/history.php';
require_once __DIR__ . '/pull.php';
require_once __DIR__ . '/page.php';
require_once __DIR__ . '/install.php';
require_once __DIR__ . '/admin.php';

/**
 * Runs $work so that neither an exception nor a warning of it reaches the shop: OpenCart turns both into an error page,
 * although what the merchant saved is saved. What went wrong is kept for the settings page.
 */
function guarded(Shop $shop, callable $work)
{
	set_error_handler(function ($level, $message, $file, $line) {
		if (!(error_reporting() & $level)) {
			return true;
		}
		throw new \ErrorException($message, 0, $level, $file, $line);
	});

	try {
		return $work();
	} catch (\Throwable $problem) {
		note_problem($shop, $problem);
		return null;
	} finally {
		restore_error_handler();
	}
}

/** Names the place, never what was being worked on: OpenCart's database errors end with the statement, which may hold addresses. */
function note_problem(Shop $shop, \Throwable $problem)
{
	try {
		$text = get_class($problem) . ': ' . explode('<br', $problem->getMessage())[0] . ' in ' . basename($problem->getFile()) . ':' . $problem->getLine();
		$shop->log(0, $text);
	} catch (\Throwable $ignored) {
		// The database is gone: OpenCart itself has failed already, or will say so.
	}
}
