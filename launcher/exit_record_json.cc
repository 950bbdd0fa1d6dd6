#include "launcher/exit_record_json.h"

#include <nlohmann/json.hpp>

#include "launcher/json_reader.h"

namespace lockstep {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

ordered_json ToJson(const FailureRecord& failure) {
  return {{"rank", failure.rank},           {"role", failure.role},
          {"host", failure.host},           {"cause", ExitCauseName(failure.cause)},
          {"exit_code", failure.exit_code}, {"signal", failure.signal},
          {"message", failure.message},     {"last_lines", failure.last_lines}};
}

// What a program prints need not be UTF-8; JSON must be.
std::string Dump(const ordered_json& value) {
  return value.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

void ReadCause(JsonReader* reader, ExitCause* cause) {
  std::string name;
  reader->Read("cause", &name, /*required=*/true);
  if (name.empty()) return;
  if (const Result<ExitCause> parsed = ParseExitCause(name); parsed.ok()) {
    *cause = *parsed;
  } else {
    reader->Fail("cause", parsed.status().message());
  }
}

Result<FailureRecord> DecodeFailure(const json& value, const std::string& file) {
  FailureRecord failure;
  JsonReader reader(value, file, "failure");
  reader.Read("rank", &failure.rank);
  reader.Read("role", &failure.role);
  reader.Read("host", &failure.host);
  ReadCause(&reader, &failure.cause);
  reader.Read("exit_code", &failure.exit_code);
  reader.Read("signal", &failure.signal);
  reader.Read("message", &failure.message);
  reader.Read("last_lines", &failure.last_lines);
  LOCKSTEP_RETURN_IF_ERROR(reader.Finish());
  return failure;
}

}  // namespace

std::string EncodeFailureRecord(const FailureRecord& failure) { return Dump(ToJson(failure)); }

std::string EncodeExitRecord(const ExitRecord& record) {
  ordered_json document = {{"exit_code", record.exit_code},
                           {"cause", ExitCauseName(record.cause)},
                           {"started_at", record.started_at},
                           {"ended_at", record.ended_at}};
  if (record.failure) document["failure"] = ToJson(*record.failure);
  if (!record.roles.empty()) document["roles"] = ordered_json::array();
  for (const RoleCount& role : record.roles) {
    document["roles"].push_back({{"role", role.role},
                                 {"active", role.active},
                                 {"succeeded", role.succeeded},
                                 {"failed", role.failed}});
  }
  return Dump(document);
}

std::string EncodeRankExit(const RankExit& exit) {
  ordered_json line = {{"rank", exit.rank}, {"exit_code", exit.exit_code}};
  if (exit.stopped) line["stopped"] = true;
  return line.dump() + "\n";
}

Result<RankExit> DecodeRankExit(std::string_view line, std::string_view file) {
  LOCKSTEP_ASSIGN_OR_RETURN(const json document, ParseJsonObject(line, file));
  RankExit exit;
  JsonReader reader(document, std::string(file), "");
  reader.Read("rank", &exit.rank);
  reader.Read("exit_code", &exit.exit_code);
  reader.Read("stopped", &exit.stopped);
  LOCKSTEP_RETURN_IF_ERROR(reader.Finish());
  return exit;
}

Result<ExitRecord> DecodeExitRecord(std::string_view text, std::string_view file) {
  LOCKSTEP_ASSIGN_OR_RETURN(const json document, ParseJsonObject(text, file));
  ExitRecord record;
  JsonReader reader(document, std::string(file), "");
  reader.Read("exit_code", &record.exit_code);
  ReadCause(&reader, &record.cause);
  reader.Read("started_at", &record.started_at);
  reader.Read("ended_at", &record.ended_at);
  if (const json* failure = reader.ReadObject("failure")) {
    LOCKSTEP_ASSIGN_OR_RETURN(record.failure, DecodeFailure(*failure, std::string(file)));
  }
  const json* roles = reader.ReadArray("roles");
  for (std::size_t i = 0; roles != nullptr && i < roles->size(); ++i) {
    RoleCount& count = record.roles.emplace_back();
    JsonReader fields((*roles)[i], std::string(file), "roles[" + std::to_string(i) + "]");
    fields.Read("role", &count.role, /*required=*/true);
    fields.Read("active", &count.active);
    fields.Read("succeeded", &count.succeeded);
    fields.Read("failed", &count.failed);
    LOCKSTEP_RETURN_IF_ERROR(fields.Finish());
  }
  LOCKSTEP_RETURN_IF_ERROR(reader.Finish());
  return record;
}

}  // namespace lockstep
