#include "operators/store/object_rows.h"

#include <SQLiteCpp/SQLiteCpp.h>

#include <optional>
#include <utility>

#include "operators/api/encode_visitor.h"

namespace lockstep {
namespace {

// Text of programs may hold bytes that are no UTF-8; JSON cannot.
std::string TextOf(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

struct ObjectRows::Row {
  struct Block {
    std::size_t number = 0;
    std::string json;
  };
  const ObjectKey& key;
  std::string json;                          // empty: gone
  std::optional<std::size_t> no_block_from;  // blocks from this one on are gone
  std::vector<Block> blocks;                 // new
};

// Made once: to parse SQL takes longer than to write a row.
struct ObjectRows::Statements {
  explicit Statements(SQLite::Database& database)
      : put(database, "REPLACE INTO objects(kind, namespace, name, json) VALUES(?, ?, ?, ?)"),
        erase(database, "DELETE FROM objects WHERE kind = ? AND namespace = ? AND name = ?"),
        put_block(database,
                  "REPLACE INTO suggestion_points(namespace, name, block, json) "
                  "VALUES(?, ?, ?, ?)"),
        erase_blocks(database,
                     "DELETE FROM suggestion_points "
                     "WHERE namespace = ? AND name = ? AND block >= ?"),
        set_version(database, "REPLACE INTO counters(name, value) VALUES('version', ?)") {}

  template <class... Values>
  static void Run(SQLite::Statement& statement, const Values&... values) {
    statement.tryReset();  // it may have failed the last time
    int index = 0;
    (statement.bind(++index, values), ...);
    statement.exec();
    statement.tryReset();
  }

  SQLite::Statement put;
  SQLite::Statement erase;
  SQLite::Statement put_block;
  SQLite::Statement erase_blocks;
  SQLite::Statement set_version;
};

ObjectRows::ObjectRows(SQLite::Database& database) : database_(database) {}
ObjectRows::~ObjectRows() = default;

Result<std::vector<Object>> ObjectRows::Read() {
  std::vector<Object> objects;
  SQLite::Statement rows(database_, "SELECT kind, namespace, name, json FROM objects");
  while (rows.executeStep()) {
    const ObjectKey key{rows.getColumn(0), rows.getColumn(1), rows.getColumn(2)};
    Json json = Json::parse(rows.getColumn(3).getString(), nullptr, false);
    std::string wrong = json.is_discarded() ? "not JSON" : ReadPoints(key, json);
    if (wrong.empty()) {
      Result<Object> object = DecodeObject(json);
      if (object.ok()) {
        objects.push_back(*std::move(object));
        continue;
      }
      wrong = object.status().message();
    }
    return FailedPrecondition(key.ToString() + " cannot be read: " + wrong);
  }
  return objects;
}

// Puts the blocks of a Suggestion before the points that it has itself. Not empty: what is wrong.
std::string ObjectRows::ReadPoints(const ObjectKey& key, Json& object) {
  if (key.kind != Suggestion::kKind) return "";
  SQLite::Statement blocks(database_,
                           "SELECT block, json FROM suggestion_points "
                           "WHERE namespace = ? AND name = ? ORDER BY block");
  blocks.bind(1, key.namespace_);
  blocks.bind(2, key.name);
  Json points = Json::array();
  for (std::int64_t expected = 0; blocks.executeStep(); ++expected) {
    const std::string which = "block " + std::to_string(expected) + " of its points ";
    if (blocks.getColumn(0).getInt64() != expected) return which + "is missing";
    Json block = Json::parse(blocks.getColumn(1).getString(), nullptr, false);
    if (!block.is_array()) return which + "is not a JSON array";
    for (Json& point : block) points.push_back(std::move(point));
  }
  if (points.empty()) return "";
  if (!object.is_object()) return "not a JSON object";
  Json& status = object["status"];  // null: it has nothing but its points
  if (!status.is_object() && !status.is_null()) return "status is not a JSON object";
  Json& all = status["suggestions"];
  if (!all.is_array() && !all.is_null()) return "its points are not a JSON array";
  for (Json& point : all) points.push_back(std::move(point));
  all = std::move(points);
  return "";
}

std::uint64_t ObjectRows::ReadVersion() {
  SQLite::Statement counter(database_, "SELECT value FROM counters WHERE name = 'version'");
  return counter.executeStep() ? static_cast<std::uint64_t>(counter.getColumn(0).getInt64()) : 0;
}

void ObjectRows::Write(const std::map<ObjectKey, ObjectPtr>& objects, std::uint64_t version) {
  if (!statements_) statements_ = std::make_unique<Statements>(database_);
  std::vector<Row> rows;  // before the file is locked: metrics are written to it too
  for (const auto& [key, object] : objects) rows.push_back(RowOf(key, object));
  for (const auto& [key, object] : objects) points_.erase(key);  // until it is known again
  SQLite::Transaction transaction(database_, SQLite::TransactionBehavior::IMMEDIATE);
  for (const Row& row : rows) Write(row);
  Statements::Run(statements_->set_version, static_cast<std::int64_t>(version));
  transaction.commit();
  for (const auto& [key, object] : objects) {
    if (key.kind != Suggestion::kKind || !object) continue;
    points_[key] = std::get<Suggestion>(*object).status.suggestions.blocks();
  }
}

ObjectRows::Row ObjectRows::RowOf(const ObjectKey& key, const ObjectPtr& object) const {
  Row row{.key = key, .json = {}, .no_block_from = {}, .blocks = {}};
  if (key.kind != Suggestion::kKind) {
    if (object) row.json = TextOf(EncodeObject(*object));
    return row;
  }
  const auto found = points_.find(key);
  const Blocks before = found == points_.end() ? Blocks() : found->second;
  Blocks now;
  if (object) {
    Suggestion rest = std::get<Suggestion>(*object);
    now = rest.status.suggestions.blocks();
    rest.status.suggestions = GrowingList(rest.status.suggestions.tail());
    row.json = TextOf(EncodeObject(std::move(rest)));
  }
  if (found == points_.end()) {
    row.no_block_from = 0;
  } else if (before.size() > now.size()) {
    row.no_block_from = now.size();
  }
  for (std::size_t i = 0; i < now.size(); ++i) {
    if (i < before.size() && before[i] == now[i]) continue;
    row.blocks.push_back({i, TextOf(EncodeValue(*now[i]))});
  }
  return row;
}

void ObjectRows::Write(const Row& row) {
  const ObjectKey& key = row.key;
  if (row.json.empty()) {
    Statements::Run(statements_->erase, key.kind, key.namespace_, key.name);
  } else {
    Statements::Run(statements_->put, key.kind, key.namespace_, key.name, row.json);
  }
  if (row.no_block_from) {
    Statements::Run(statements_->erase_blocks, key.namespace_, key.name,
                    static_cast<std::int64_t>(*row.no_block_from));
  }
  for (const Row::Block& block : row.blocks) {
    Statements::Run(statements_->put_block, key.namespace_, key.name,
                    static_cast<std::int64_t>(block.number), block.json);
  }
}

}  // namespace lockstep
