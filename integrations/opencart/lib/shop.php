<?php
namespace Pannier;

/** One OpenCart, whatever its release: its database, settings and routes. */
class Shop
{
	/** Kept of what went wrong, for the settings page. */
	const LOG_ROWS_MAX = 200;

	private $registry;

	public function __construct($registry)
	{
		$this->registry = $registry;
	}

	public function get(string $name)
	{
		return $this->registry->get($name);
	}

	public function registry()
	{
		return $this->registry;
	}

	public function has(string $name): bool
	{
		return $this->registry->has($name);
	}

	/* ---- which release ---- */

	public function isVersion(string $least): bool
	{
		return version_compare(VERSION, $least, '>=');
	}

	/** Route of a method of ours on the catalog side. */
	public function route(string $method): string
	{
		return $this->isVersion('4.0.0.0') ? 'extension/pannier/pannier' . $this->separator() . $method
			: 'extension/module/pannier/' . $method;
	}

	public function separator(): string
	{
		return $this->isVersion('4.0.2.0') ? '.' : ($this->isVersion('4.0.0.0') ? '|' : '/');
	}

	/* ---- database ---- */

	/** Rows of a statement; ? is replaced by an escaped value, {name} by a table. */
	public function rows(string $sql, array $values = []): array
	{
		$result = $this->get('db')->query($this->sql($sql, $values));

		return is_object($result) ? $result->rows : [];
	}

	public function row(string $sql, array $values = []): array
	{
		$rows = $this->rows($sql, $values);

		return $rows ? $rows[0] : [];
	}

	/** First column of the first row, or null. */
	public function value(string $sql, array $values = [])
	{
		$row = $this->row($sql, $values);

		return $row ? reset($row) : null;
	}

	public function run(string $sql, array $values = [])
	{
		$this->get('db')->query($this->sql($sql, $values));
	}

	public function lastId(): string
	{
		return (string)$this->get('db')->getLastId();
	}

	private function sql(string $sql, array $values): string
	{
		$sql = preg_replace('/\{(\w+)\}/', '`' . DB_PREFIX . '$1`', $sql);
		$parts = explode('?', $sql);
		$out = array_shift($parts);

		foreach ($parts as $i => $part) {
			$out .= $this->quoted($values[$i]) . $part;
		}

		return $out;
	}

	private function quoted($value): string
	{
		if ($value === null) {
			return 'NULL';
		}
		if (is_int($value)) {
			return (string)$value;
		}
		if (is_array($value)) {
			return $value ? implode(',', array_map([$this, 'quoted'], $value)) : 'NULL';
		}

		return "'" . $this->get('db')->escape((string)$value) . "'";
	}

	public function hasTable(string $name): bool
	{
		return (bool)$this->rows("SHOW TABLES LIKE ?", [str_replace('_', '\\_', DB_PREFIX . $name)]);
	}

	/* ---- settings ---- */

	public function config(string $key)
	{
		return $this->get('config')->get($key);
	}

	/** Settings of one of OpenCart's stores, with those of the default store beneath. */
	public function storeSettings(int $storeId): array
	{
		$settings = [];

		foreach ($this->rows("SELECT `key`, `value`, `serialized` FROM {setting} WHERE store_id IN (0, ?) ORDER BY store_id", [$storeId]) as $row) {
			$settings[$row['key']] = $row['serialized'] ? json_decode($row['value'], true) : $row['value'];
		}

		return $settings;
	}

	/** language_id => code of the languages that are on. */
	public function languages(): array
	{
		$languages = [];

		foreach ($this->rows("SELECT language_id, code FROM {language} WHERE status = 1 ORDER BY sort_order, language_id") as $row) {
			$languages[(int)$row['language_id']] = $row['code'];
		}

		return $languages;
	}

	/** Our own settings; a text. */
	public function own(string $key, string $otherwise = ''): string
	{
		$value = $this->value("SELECT `value` FROM {pannier_setting} WHERE name = ?", [$key]);

		return $value === null ? $otherwise : (string)$value;
	}

	public function setOwn(string $key, string $value)
	{
		$this->run("REPLACE INTO {pannier_setting} SET name = ?, `value` = ?", [$key, $value]);
	}

	/* ---- texts, times ---- */

	/** OpenCart keeps texts escaped for HTML. */
	public static function text($value): string
	{
		$text = html_entity_decode((string)$value, ENT_QUOTES | ENT_HTML5, 'UTF-8');

		return self::isUtf8($text) ? $text : htmlspecialchars_decode(htmlspecialchars($text, ENT_QUOTES | ENT_SUBSTITUTE, 'UTF-8'), ENT_QUOTES);
	}

	/** Without mbstring, which OpenCart does not insist on. */
	public static function isUtf8(string $text): bool
	{
		return (bool)preg_match('//u', $text);
	}

	/** Its first $n characters; of what is not UTF-8, bytes. */
	public static function cut(string $text, int $n): string
	{
		return preg_match('/^.{0,' . $n . '}/us', $text, $first) ? $first[0] : substr($text, 0, $n);
	}

	/** A DATETIME of the database with its zone, "" if there is none; never later than $latest (Unix seconds). */
	public function time($value, int $latest = PHP_INT_MAX): string
	{
		if (!$value || strpos((string)$value, '0000') === 0) {
			return '';
		}
		$time = new \DateTime((string)$value, new \DateTimeZone(date_default_timezone_get()));

		return self::timeText(min($time->getTimestamp(), $latest));
	}

	public static function timeText(int $seconds): string
	{
		return date('c', $seconds);
	}

	/* ---- what went wrong ---- */

	public function log(int $targetId, string $message)
	{
		$this->run("INSERT INTO {pannier_log} SET target_id = ?, at = ?, message = ?", [$targetId, time(), self::cut($message, 500)]);
		$this->run("DELETE FROM {pannier_log} WHERE log_id <= ?", [(int)$this->lastId() - self::LOG_ROWS_MAX]);
	}
}
