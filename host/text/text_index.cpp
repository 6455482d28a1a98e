#include "text/text_index.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <cassert>

#include "base/utf8.hpp"

namespace toolrack::text {

using base::ErrorCode;
using base::fail;
using base::Lock;
using base::Result;

namespace {

/// Leaves a statement ready for its next use however the function ends.
class Rewind {
 public:
  explicit Rewind(sqlite3_stmt* statement) : statement_(statement) {}
  Rewind(const Rewind&) = delete;
  Rewind& operator=(const Rewind&) = delete;
  ~Rewind() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }

 private:
  sqlite3_stmt* statement_;
};

/// The text must stay until the statement has run.
int bind_text(sqlite3_stmt* statement, int index, std::string_view text) noexcept {
  return sqlite3_bind_text64(statement, index, text.data() ? text.data() : "", text.size(), SQLITE_STATIC, SQLITE_UTF8);
}

void bind_limit(sqlite3_stmt* statement, int index, std::size_t limit) noexcept {
  sqlite3_bind_int64(statement, index, static_cast<sqlite3_int64>(std::min<std::size_t>(limit, 1'000'000)));
}

Result<void> require_utf8(std::string_view typed) {
  if (const auto bad = base::find_invalid_utf8(typed); bad != typed.size())
    return fail(ErrorCode::kInvalidUtf8, fmt::format("the searched text is not UTF-8 at byte {}", bad));
  return {};
}

}  // namespace

void TextIndex::CloseDatabase::operator()(sqlite3* database) const noexcept { sqlite3_close_v2(database); }
void TextIndex::Finalize::operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }

TextIndex::~TextIndex() = default;

Result<std::unique_ptr<TextIndex>> TextIndex::open(std::vector<Field> fields, const std::string& path, Words words) {
  assert(!fields.empty());
  std::unique_ptr<TextIndex> index(new TextIndex);
  index->field_count_ = fields.size();
  Lock lock(index->mutex_);
  TRY(index->set_up(fields, path, words));
  return index;
}

Result<void> TextIndex::set_up(const std::vector<Field>& fields, const std::string& path, Words words) {
  sqlite3* database = nullptr;
  const int flags =
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;  // mutex_ does what FULLMUTEX would.
  const int opened = sqlite3_open_v2(path.empty() ? ":memory:" : path.c_str(), &database, flags, nullptr);
  database_.reset(database);
  if (opened != SQLITE_OK) return tl::unexpected(error(fmt::format("open the text index {}", path)));
  sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_extended_result_codes(database, 1);

  std::string columns, weights, places;
  for (const auto& field : fields) {
    columns += field.name + ", ";
    weights += fmt::format(", {}", field.weight);
    places += ", ?";
  }
  if (path.empty()) {
    TRY(execute("PRAGMA journal_mode = OFF"));
  } else {
    TRY(execute("PRAGMA journal_mode = WAL"));
    TRY(execute("PRAGMA synchronous = NORMAL"));
  }
  TRY(execute(
      fmt::format("CREATE VIRTUAL TABLE IF NOT EXISTS documents USING fts5({}tokenize = '{}unicode61 "
                  "remove_diacritics 2'{})",
                  columns, words == Words::kStems ? "porter " : "", words == Words::kStems ? "" : ", prefix = '2 3'")));
  put_ = TRY(prepare(fmt::format("INSERT OR REPLACE INTO documents(rowid, {}) VALUES (?{})",
                                 columns.substr(0, columns.size() - 2), places)));
  remove_ = TRY(prepare("DELETE FROM documents WHERE rowid = ?"));
  // FTS5's bm25 is lower for better matches. As the table's rank it is worked out once a row, and not again to sort.
  TRY(execute(fmt::format("INSERT INTO documents(documents, rank) VALUES ('rank', 'bm25({})')", weights.substr(2))));
  search_ = TRY(prepare("SELECT rowid, -rank FROM documents WHERE documents MATCH ? ORDER BY rank, rowid LIMIT ?"));
  search_among_ =
      TRY(prepare("SELECT rowid, -rank FROM documents WHERE documents MATCH ? AND rowid BETWEEN ? AND ? "
                  "ORDER BY rank, rowid LIMIT ?"));
  return {};
}

Result<void> TextIndex::put(std::int64_t id, std::span<const std::string_view> texts) {
  assert(texts.size() == field_count_);
  Lock lock(mutex_);
  const Rewind rewind(put_.get());
  sqlite3_bind_int64(put_.get(), 1, id);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (bind_text(put_.get(), static_cast<int>(i) + 2, texts[i]) != SQLITE_OK) {
      return tl::unexpected(error("add to the text index"));
    }
  }
  if (sqlite3_step(put_.get()) != SQLITE_DONE) return tl::unexpected(error("add to the text index"));
  return {};
}

Result<void> TextIndex::remove(std::int64_t id) {
  Lock lock(mutex_);
  const Rewind rewind(remove_.get());
  sqlite3_bind_int64(remove_.get(), 1, id);
  if (sqlite3_step(remove_.get()) != SQLITE_DONE) return tl::unexpected(error("remove from the text index"));
  return {};
}

Result<void> TextIndex::begin() {
  Lock lock(mutex_);
  return execute("BEGIN");
}

Result<void> TextIndex::commit() {
  Lock lock(mutex_);
  return execute("COMMIT");
}

Result<std::vector<Hit>> TextIndex::search(std::string_view typed, std::size_t limit, Match match) const {
  TRY(require_utf8(typed));
  const auto expression = match_expression(typed, match);
  if (expression.empty()) return std::vector<Hit>();

  Lock lock(mutex_);
  const Rewind rewind(search_.get());
  if (bind_text(search_.get(), 1, expression) != SQLITE_OK) return tl::unexpected(error("search the text index"));
  bind_limit(search_.get(), 2, limit);
  return collect(search_.get());
}

Result<std::vector<Hit>> TextIndex::search(const Question& question) const {
  TRY(require_utf8(question.typed));
  const auto expression = question_expression(question.typed);
  if (expression.empty()) return std::vector<Hit>();

  Lock lock(mutex_);
  const Rewind rewind(search_among_.get());
  if (bind_text(search_among_.get(), 1, expression) != SQLITE_OK) return tl::unexpected(error("search the text index"));
  sqlite3_bind_int64(search_among_.get(), 2, question.first_id);
  sqlite3_bind_int64(search_among_.get(), 3, question.last_id);
  bind_limit(search_among_.get(), 4, question.limit);
  return collect(search_among_.get());
}

Result<std::vector<Hit>> TextIndex::collect(sqlite3_stmt* statement) const {
  std::vector<Hit> hits;
  int step = 0;
  while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
    hits.push_back({sqlite3_column_int64(statement, 0), sqlite3_column_double(statement, 1)});
  }
  if (step != SQLITE_DONE) return tl::unexpected(error("search the text index"));
  return hits;
}

Result<void> TextIndex::execute(const std::string& sql) {
  if (sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    return tl::unexpected(error("set up the text index"));
  }
  return {};
}

Result<TextIndex::Statement> TextIndex::prepare(const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v3(database_.get(), sql.c_str(), -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr) !=
      SQLITE_OK) {
    return tl::unexpected(error("set up the text index"));
  }
  return Statement(statement);
}

base::Error TextIndex::error(std::string_view doing) const {
  return {ErrorCode::kStoreFailed,
          fmt::format("cannot {}: {}", doing, database_ ? sqlite3_errmsg(database_.get()) : "out of memory")};
}

}  // namespace toolrack::text
