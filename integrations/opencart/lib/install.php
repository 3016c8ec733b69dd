<?php
namespace Pannier;

/** The extension's tables and events: made, and taken away without a trace. */
class Install
{
	const CODE = 'pannier';

	const TABLES = [
		'pannier_setting' => "name VARCHAR(32) NOT NULL, `value` TEXT NOT NULL, PRIMARY KEY (name)",
		'pannier_target' => "target_id INT NOT NULL AUTO_INCREMENT, url VARCHAR(500) NOT NULL, secret VARCHAR(256) NOT NULL, status TINYINT NOT NULL DEFAULT 1,
			store_id INT NOT NULL DEFAULT 0, language VARCHAR(16) NOT NULL DEFAULT '', currency VARCHAR(3) NOT NULL DEFAULT '',
			send_catalog TINYINT NOT NULL DEFAULT 1, send_orders TINYINT NOT NULL DEFAULT 1, send_people TINYINT NOT NULL DEFAULT 1,
			send_carts TINYINT NOT NULL DEFAULT 1, script TINYINT NOT NULL DEFAULT 0, failures INT NOT NULL DEFAULT 0, next_at BIGINT NOT NULL DEFAULT 0,
			clock_offset INT NOT NULL DEFAULT 0, last_ok_at BIGINT NOT NULL DEFAULT 0, last_error VARCHAR(500) NOT NULL DEFAULT '', PRIMARY KEY (target_id)",
		'pannier_outbox' => "outbox_id BIGINT NOT NULL AUTO_INCREMENT, target_id INT NOT NULL, kind VARCHAR(16) NOT NULL, entity VARCHAR(64) NOT NULL,
			payload MEDIUMTEXT NULL, at BIGINT NOT NULL, due BIGINT NOT NULL DEFAULT 0, done TINYINT NOT NULL DEFAULT 0, PRIMARY KEY (outbox_id),
			KEY waiting (target_id, done, due, outbox_id), KEY thing (target_id, kind, entity)",
		'pannier_consent' => "consent_id INT NOT NULL AUTO_INCREMENT, email VARCHAR(96) NOT NULL, customer_id INT NOT NULL, store_id INT NOT NULL,
			subscribed TINYINT NOT NULL, at BIGINT NOT NULL, source VARCHAR(64) NOT NULL, PRIMARY KEY (consent_id), KEY email (email)",
		'pannier_cart' => "cart_id CHAR(32) NOT NULL, content MEDIUMTEXT NOT NULL, at BIGINT NOT NULL, PRIMARY KEY (cart_id), KEY at (at)",
		'pannier_job' => "job_id INT NOT NULL AUTO_INCREMENT, target_id INT NOT NULL, kind VARCHAR(16) NOT NULL, after_id BIGINT NOT NULL, done INT NOT NULL,
			total INT NOT NULL, state VARCHAR(8) NOT NULL, started BIGINT NOT NULL, PRIMARY KEY (job_id), UNIQUE KEY kind (target_id, kind)",
		'pannier_log' => "log_id INT NOT NULL AUTO_INCREMENT, target_id INT NOT NULL, at BIGINT NOT NULL, message VARCHAR(500) NOT NULL, PRIMARY KEY (log_id)",
	];

	private $shop;

	public function __construct(Shop $shop)
	{
		$this->shop = $shop;
	}

	public function install()
	{
		$begins = (string)(int)(microtime(true) * 1000);

		foreach (self::TABLES as $name => $columns) {
			$this->shop->run("CREATE TABLE IF NOT EXISTS {" . $name . "} (" . $columns . ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4" .
				($name === 'pannier_outbox' ? " AUTO_INCREMENT=" . $begins : ''));
		}
		foreach (['shop_id' => bin2hex(random_bytes(4)), 'flush_key' => bin2hex(random_bytes(16)), 'pages_per_second' => '4', 'states' => '{}'] as $name => $value) {
			if ($this->shop->own($name) === '') {
				$this->shop->setOwn($name, $value);
			}
		}
		$this->removeEvents();
		$this->addEvents();
		$this->addCron();
	}

	public function uninstall()
	{
		$this->removeEvents();
		$this->removePermissions();
		foreach (array_keys(self::TABLES) as $name) {
			$this->shop->run("DROP TABLE IF EXISTS {" . $name . "}");
		}
	}

	/* ---- events ---- */

	private function addEvents()
	{
		foreach (Handlers::TRIGGERS as $trigger => $when) {
			foreach ($when === 'both' ? ['before', 'after'] : [$when] as $which) {
				$this->addEvent($trigger . $which, $which);
			}
		}
		$this->addEvent('catalog/view/common/footer/after', 'footer');
	}

	private function addEvent(string $trigger, string $method)
	{
		$admin = strpos($trigger, 'admin/') === 0;
		$four = $this->shop->isVersion('4.0.0.0');
		$action = $four ? 'extension/pannier/' . ($admin ? 'module/pannier' : 'pannier') . $this->shop->separator() . $method
			: 'extension/module/pannier/' . $method;

		$this->shop->run("INSERT INTO {event} SET code = ?, `trigger` = ?, action = ?, status = 1, sort_order = 0" . ($four ? ", description = 'Pannier'" : ''),
			[self::CODE, $trigger, $action]);
	}

	private function removeEvents()
	{
		$this->shop->run("DELETE FROM {event} WHERE code = ?", [self::CODE]);
		if ($this->shop->isVersion('4.0.0.0')) {
			$this->shop->run("DELETE FROM {cron} WHERE code = ?", [self::CODE]);
		}
	}

	/** To see and change the settings page: OpenCart 4 gives them to who installs, and leaves them. */
	private function removePermissions()
	{
		$route = $this->shop->isVersion('4.0.0.0') ? 'extension/pannier/module/pannier' : 'extension/module/pannier';

		foreach ($this->shop->rows("SELECT user_group_id, permission FROM {user_group}") as $row) {
			$permission = json_decode((string)$row['permission'], true);
			if (!is_array($permission) || strpos(json_encode($permission, JSON_UNESCAPED_SLASHES), $route) === false) {
				continue;
			}
			foreach ($permission as $type => $routes) {
				$permission[$type] = array_values(array_diff((array)$routes, [$route]));
			}
			$this->shop->run("UPDATE {user_group} SET permission = ? WHERE user_group_id = ?", [json_encode($permission), (int)$row['user_group_id']]);
		}
	}

	private function addCron()
	{
		if ($this->shop->isVersion('4.0.0.0')) {
			$this->shop->run("INSERT INTO {cron} SET code = ?, description = 'Pannier: send what waits', cycle = 'minute', action = ?, status = 1," .
				" date_added = NOW(), date_modified = NOW()", [self::CODE, $this->shop->route('cron')]);
		}
	}
}
