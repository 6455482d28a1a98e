/// A full-text index: documents of a few weighted fields, found by words and their beginnings, best first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.hpp"
#include "base/result.hpp"
#include "text/match_expression.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace toolrack::text {

/// A part of every document. A word found in it counts `weight` times as much as in a field of weight 1.
struct Field {
  std::string name;  ///< Of a-z and _, unique in the index.
  double weight = 1;
};

struct Hit {
  std::int64_t id = 0;
  double score = 0;  ///< BM25 with the fields' weights; higher is better.
};

/// How words are kept. kStems: English words by their stems (Porter), so that "redirects" finds "redirected".
enum class Words : unsigned char { kAsWritten, kStems };

/// What is asked of an index of stems.
struct Question {
  std::string_view typed;  ///< A sentence; any text is safe.
  std::size_t limit = 10;
  /// Only documents with these ids.
  std::int64_t first_id = std::numeric_limits<std::int64_t>::min();
  std::int64_t last_id = std::numeric_limits<std::int64_t>::max();
};

/// Owns one SQLite database with an FTS5 table. Case and diacritics are ignored.
/// Threads: all functions from any thread; one at a time is inside the database.
class TextIndex {
 public:
  /// `path` empty: in memory. A file is made when it is not there; its fields must be the ones it was made with.
  /// kStoreFailed.
  static base::Result<std::unique_ptr<TextIndex>> open(std::vector<Field> fields, const std::string& path = {},
                                                       Words words = Words::kAsWritten);
  ~TextIndex();
  TextIndex(const TextIndex&) = delete;
  TextIndex& operator=(const TextIndex&) = delete;

  /// Adds the document, in place of one with the same id. One text per field, in the fields' order, valid UTF-8.
  base::Result<void> put(std::int64_t id, std::span<const std::string_view> texts);
  /// No error when it is not there.
  base::Result<void> remove(std::int64_t id);
  /// Everything that is put until `commit` becomes durable (and fast) together; without it, each put by itself.
  base::Result<void> begin();
  base::Result<void> commit();

  /// Documents with all (or any) of the typed words, at most `limit`; none when nothing searchable was typed. Any text
  /// is safe. kInvalidUtf8 when it is not UTF-8.
  base::Result<std::vector<Hit>> search(std::string_view typed, std::size_t limit, Match match = Match::kAll) const;
  /// Documents with any telling word of the question (see question_expression), whole words only.
  base::Result<std::vector<Hit>> search(const Question& question) const;

 private:
  struct CloseDatabase {
    void operator()(sqlite3* database) const noexcept;
  };
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const noexcept;
  };
  using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

  TextIndex() = default;
  base::Result<void> set_up(const std::vector<Field>& fields, const std::string& path, Words words) TR_REQUIRES(mutex_);
  base::Result<void> execute(const std::string& sql) TR_REQUIRES(mutex_);
  base::Result<Statement> prepare(const std::string& sql) TR_REQUIRES(mutex_);
  /// Runs a statement whose expression and limits are bound.
  base::Result<std::vector<Hit>> collect(sqlite3_stmt* statement) const TR_REQUIRES(mutex_);
  base::Error error(std::string_view doing) const TR_REQUIRES(mutex_);

  std::size_t field_count_ = 0;
  mutable base::Mutex mutex_;
  std::unique_ptr<sqlite3, CloseDatabase> database_ TR_GUARDED_BY(mutex_);
  Statement put_ TR_GUARDED_BY(mutex_), remove_ TR_GUARDED_BY(mutex_), search_ TR_GUARDED_BY(mutex_),
      search_among_ TR_GUARDED_BY(mutex_);
};

}  // namespace toolrack::text
