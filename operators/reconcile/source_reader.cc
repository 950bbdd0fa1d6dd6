#include "operators/reconcile/source_reader.h"

#include <algorithm>
#include <map>

#include "operators/observe/log_parser.h"
#include "operators/observe/tf_event_parser.h"
#include "runtime/base/tf_record.h"

namespace lockstep {
namespace {

constexpr std::size_t kChunkBytes = 4u << 20;       // more than the parser takes as one line
constexpr std::size_t kRecordBytesMax = 64u << 20;  // of an event; longer ones are stepped over
constexpr std::size_t kReasonBytesMax = 200;
// Behind the end of every file: nothing of this one is read any more.
constexpr std::uint64_t kNowhere = std::uint64_t{1} << 62;

std::string FolderOf(std::string_view name) {
  const std::size_t slash = name.rfind('/');
  return slash == name.npos ? "" : std::string(name.substr(0, slash));
}

// A file that begins anew.
ReadPosition BeginningOf(const std::string& file, const ReadPosition& before) {
  return {.generation = before.generation, .file = file, .bad = before.bad};
}

void AddBad(const BadLines& later, ReadPosition& position) {
  position.bad.Add(later);
  if (position.bad.first_reason.size() > kReasonBytesMax) {
    position.bad.first_reason.resize(kReasonBytesMax);
  }
}

}  // namespace

std::string EventFileMark(const MetricSource& source, const std::string& file) {
  return source.name + ":" + file.substr(std::min(file.size(), source.file.size() + 1));
}

bool IsEventFile(std::string_view name) {
  return name.substr(name.rfind('/') + 1).find("tfevents") != name.npos;
}

Status SourceReader::Read(const MetricSource& source) {
  if (more()) return OkStatus();
  return source.format == SourceFormat::kEvents ? ReadEvents(source) : ReadText(source);
}

std::vector<std::string> SourceReader::Metrics() const {
  std::vector<std::string> metrics;
  if (!trial_.spec.objective) return metrics;
  metrics.push_back(trial_.spec.objective->objective_metric_name);
  const auto& additional = trial_.spec.objective->additional_metric_names;
  metrics.insert(metrics.end(), additional.begin(), additional.end());
  return metrics;
}

JobId SourceReader::IdOf(int generation) const {
  return {job_.meta.namespace_, job_.meta.name, job_.meta.uid, generation};
}

Result<SourceReader::Cursor> SourceReader::CursorOf(const std::string& source) const {
  Cursor cursor;
  cursor.mark.source = source;
  LOCKSTEP_ASSIGN_OR_RETURN(cursor.mark.before, observations_.Mark(trial_.meta.uid, source));
  LOCKSTEP_ASSIGN_OR_RETURN(cursor.at, ParseReadPosition(cursor.mark.before));
  return cursor;
}

Status SourceReader::Keep(const std::vector<MetricRow>& rows, const ReadPosition& next,
                          Cursor& cursor) {
  cursor.mark.after = FormatReadPosition(next);
  LOCKSTEP_RETURN_IF_ERROR(observations_.Append(trial_.meta.uid, rows, cursor.mark));
  rows_ = rows_ || !rows.empty();
  cursor.mark.before = std::move(cursor.mark.after);
  cursor.at = next;
  return OkStatus();
}

// Rows whose line says no step get the number of the metric's report.
Status SourceReader::CountReports(std::vector<MetricRow>& rows) const {
  std::map<std::string, std::int64_t> reports;
  for (MetricRow& row : rows) {
    auto [count, first] = reports.try_emplace(row.name, 0);
    if (first) {
      LOCKSTEP_ASSIGN_OR_RETURN(const std::uint64_t before,
                                observations_.Count(trial_.meta.uid, row.name));
      count->second = static_cast<std::int64_t>(before);
    }
    ++count->second;
    if (row.step == 0) row.step = count->second;
  }
  return OkStatus();
}

Status SourceReader::ReadText(const MetricSource& source) {
  LOCKSTEP_ASSIGN_OR_RETURN(Cursor cursor, CursorOf(source.name));
  parser_.reset();
  for (; chunks_left_ >= 0; --chunks_left_) {
    LOCKSTEP_ASSIGN_OR_RETURN(const bool moved, ReadTextPiece(source, cursor));
    if (moved) continue;
    if (cursor.at.generation >= job_.status.generation) return OkStatus();
    // Each start of the group has files of its own.
    LOCKSTEP_RETURN_IF_ERROR(
        Keep({}, {.generation = cursor.at.generation + 1, .bad = cursor.at.bad}, cursor));
  }
  return OkStatus();
}

Result<bool> SourceReader::ReadTextPiece(const MetricSource& source, Cursor& cursor) {
  const bool ended = Ended(cursor.at.generation);
  LOCKSTEP_ASSIGN_OR_RETURN(
      const FilePiece piece,
      backend_.ReadFile(IdOf(cursor.at.generation), source.file, cursor.at.offset, kChunkBytes));
  if (cursor.at.file.empty()) cursor.at.file = piece.identity;
  if (piece.identity != cursor.at.file) {
    // It was renamed or removed. Who writes may go on in the old file until the new one has
    // something in it.
    const bool replaced = piece.size > 0;
    LOCKSTEP_ASSIGN_OR_RETURN(const bool moved, ReadRenamed(source, replaced || ended, cursor));
    if (moved || !replaced) return moved;
    LOCKSTEP_RETURN_IF_ERROR(Keep({}, BeginningOf(piece.identity, cursor.at), cursor));
    return true;
  }
  if (piece.size < cursor.at.offset) {  // it was emptied, and is written anew
    LOCKSTEP_RETURN_IF_ERROR(Keep({}, BeginningOf(piece.identity, cursor.at), cursor));
    return true;
  }
  return KeepLines(source, piece.bytes, ended, cursor);
}

Result<bool> SourceReader::ReadRenamed(const MetricSource& source, bool last, Cursor& cursor) {
  const JobId id = IdOf(cursor.at.generation);
  LOCKSTEP_ASSIGN_OR_RETURN(const auto files, backend_.ListFiles(id, FolderOf(source.file)));
  const auto found = std::ranges::find(files, cursor.at.file, &ListedFile::identity);
  if (found == files.end()) return false;
  LOCKSTEP_ASSIGN_OR_RETURN(const FilePiece piece,
                            backend_.ReadFile(id, found->name, cursor.at.offset, kChunkBytes));
  if (piece.identity != cursor.at.file) return false;
  return KeepLines(source, piece.bytes, last, cursor);
}

Result<bool> SourceReader::KeepLines(const MetricSource& source, const std::string& text, bool last,
                                     Cursor& cursor) {
  if (text.empty()) return false;
  if (!parser_) {
    const bool json = source.format == SourceFormat::kJson;
    LOCKSTEP_ASSIGN_OR_RETURN(
        parser_, LogParser::Create({.metrics = Metrics(),
                                    .filters = source.filters,
                                    .format = json ? MetricsFormat::kJson : MetricsFormat::kText}));
  }
  // A full chunk without a line feed is one line that will be cut anyway.
  const bool at_end = last && text.size() < kChunkBytes;
  LOCKSTEP_ASSIGN_OR_RETURN(ParsedText parsed, parser_->Parse(text, at_end, cursor.at.lines));
  if (parsed.consumed == 0 && text.size() == kChunkBytes) {
    LOCKSTEP_ASSIGN_OR_RETURN(parsed, parser_->Parse(text, true, cursor.at.lines));
  }
  if (parsed.consumed == 0) return false;  // half a line: the rest will come
  ReadPosition next = cursor.at;
  next.offset += parsed.consumed;
  next.lines += parsed.lines;
  AddBad(parsed.bad, next);
  LOCKSTEP_RETURN_IF_ERROR(CountReports(parsed.rows));
  LOCKSTEP_RETURN_IF_ERROR(Keep(parsed.rows, next, cursor));
  return true;
}

Status SourceReader::ReadEvents(const MetricSource& source) {
  LOCKSTEP_ASSIGN_OR_RETURN(Cursor folder, CursorOf(source.name));
  for (;;) {
    const int generation = folder.at.generation;
    LOCKSTEP_ASSIGN_OR_RETURN(const auto files, backend_.ListFiles(IdOf(generation), source.file));
    for (const ListedFile& file : files) {
      if (!IsEventFile(file.name)) continue;
      LOCKSTEP_RETURN_IF_ERROR(ReadEventFile(source, file, generation));
      if (more()) return OkStatus();
    }
    if (generation >= job_.status.generation) return OkStatus();
    LOCKSTEP_RETURN_IF_ERROR(Keep({}, {.generation = generation + 1}, folder));
  }
}

Status SourceReader::ReadEventFile(const MetricSource& source, const ListedFile& file,
                                   int generation) {
  LOCKSTEP_ASSIGN_OR_RETURN(Cursor cursor, CursorOf(EventFileMark(source, file.name)));
  if (cursor.at.generation != generation || cursor.at.file != file.identity) {
    cursor.at = {.generation = generation, .file = file.identity, .bad = cursor.at.bad};
  }
  if (file.size <= cursor.at.offset) return OkStatus();  // as always, of all but one
  std::size_t wanted = kChunkBytes;
  for (; chunks_left_ >= 0; --chunks_left_) {
    LOCKSTEP_ASSIGN_OR_RETURN(const FilePiece piece, backend_.ReadFile(IdOf(generation), file.name,
                                                                       cursor.at.offset, wanted));
    if (piece.identity != file.identity) return OkStatus();
    LOCKSTEP_ASSIGN_OR_RETURN(Parsed parsed,
                              ParseRecords(source, file.name, piece.bytes, cursor.at));
    if (parsed.moved) {
      LOCKSTEP_RETURN_IF_ERROR(Keep(parsed.rows, parsed.next, cursor));
      wanted = kChunkBytes;
    } else if (piece.bytes.size() == wanted && wanted == kChunkBytes) {
      wanted = kRecordBytesMax + 16;  // one record that is longer than a chunk
    } else {
      return OkStatus();  // half a record: the rest will come
    }
  }
  return OkStatus();
}

Result<SourceReader::Parsed> SourceReader::ParseRecords(const MetricSource& source,
                                                        const std::string& file,
                                                        const std::string& bytes,
                                                        const ReadPosition& at) const {
  const std::string folder = source.folder + FolderOf(file).substr(source.file.size());
  const std::vector<std::string> metrics = Metrics();
  Parsed parsed;
  parsed.next = at;
  std::string_view rest = bytes;
  while (!rest.empty()) {
    const TfRecord record = FirstTfRecord(rest, kRecordBytesMax);
    if (record.state == TfRecord::State::kIncomplete) break;
    parsed.moved = true;
    BadLines bad;
    const std::uint64_t number = ++parsed.next.lines;
    if (record.state == TfRecord::State::kBroken) {
      bad.Add(number, record.why + "; what follows it is lost");
      AddBad(bad, parsed.next);
      parsed.next.offset = kNowhere;
      break;
    }
    parsed.next.offset += record.bytes;
    rest.remove_prefix(std::min<std::uint64_t>(rest.size(), record.bytes));
    if (record.state == TfRecord::State::kTooLong) continue;  // no scalar is so long
    const Result<TfEvent> event = ParseTfEvent(record.data);
    if (!event.ok()) {
      bad.Add(number, "is no event: " + event.status().message());
      AddBad(bad, parsed.next);
      continue;
    }
    for (MetricRow& row : RowsOfTfEvent(*event, metrics, folder)) {
      parsed.rows.push_back(std::move(row));
    }
  }
  return parsed;
}

}  // namespace lockstep
