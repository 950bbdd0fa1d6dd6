// plan.json, the text form of a LaunchPlan. Fields are named as in launch_plan.h; durations end in
// _ms.
#include <nlohmann/json.hpp>

#include "launcher/json_reader.h"
#include "launcher/launch_plan.h"

namespace lockstep {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::string_view kAllRanks = "all-ranks";
constexpr std::string_view kRank0 = "rank-0";

constexpr char kMounts[] = "mounts";

Result<std::vector<LaunchMount>> DecodeMounts(JsonReader& reader, const std::string& file) {
  std::vector<LaunchMount> mounts;
  const json* list = reader.ReadArray(kMounts);
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    LaunchMount& mount = mounts.emplace_back();
    JsonReader fields((*list)[i], file, reader.PathOf(kMounts) + "[" + std::to_string(i) + "]");
    fields.Read("path", &mount.path, /*required=*/true);
    fields.Read("source", &mount.source, /*required=*/true);
    fields.Read("read_only", &mount.read_only);
    LOCKSTEP_RETURN_IF_ERROR(fields.Finish());
  }
  return mounts;
}

Result<LaunchInit> DecodeInit(const json& value, const std::string& file, const std::string& path) {
  LaunchInit init;
  JsonReader reader(value, file, path);
  reader.Read("name", &init.name);
  reader.Read("command", &init.command);
  reader.Read("env", &init.env);
  reader.Read("working_dir", &init.working_dir);
  LOCKSTEP_ASSIGN_OR_RETURN(init.mounts, DecodeMounts(reader, file));
  reader.Read("sidecar", &init.sidecar);
  std::int64_t linger = 0;
  reader.Read("linger_ms", &linger);
  init.linger = std::chrono::milliseconds(linger);
  LOCKSTEP_RETURN_IF_ERROR(reader.Finish());
  return init;
}

ordered_json EncodeMounts(const std::vector<LaunchMount>& mounts) {
  ordered_json list = ordered_json::array();
  for (const LaunchMount& mount : mounts) {
    list.push_back(
        {{"path", mount.path}, {"source", mount.source}, {"read_only", mount.read_only}});
  }
  return list;
}

// Fields that say nothing are left out: most init commands are nothing but a command.
ordered_json EncodeInit(const LaunchInit& init) {
  ordered_json object = ordered_json::object();
  if (!init.name.empty()) object["name"] = init.name;
  object["command"] = init.command;
  if (!init.env.empty()) object["env"] = init.env;
  if (!init.working_dir.empty()) object["working_dir"] = init.working_dir;
  if (!init.mounts.empty()) object[kMounts] = EncodeMounts(init.mounts);
  if (init.sidecar) object["sidecar"] = true;
  if (init.linger.count() != 0) object["linger_ms"] = init.linger.count();
  return object;
}

ordered_json EncodeRole(const LaunchRole& role) {
  ordered_json init = ordered_json::array();
  for (const LaunchInit& step : role.init) init.push_back(EncodeInit(step));
  ordered_json object = {{"name", role.name},       {"ranks", role.ranks},
                         {"init", std::move(init)}, {"command", role.command},
                         {"env", role.env},         {"working_dir", role.working_dir}};
  if (!role.mounts.empty()) object[kMounts] = EncodeMounts(role.mounts);
  return object;
}

Result<LaunchRole> DecodeRole(const json& value, const std::string& file, const std::string& path) {
  LaunchRole role;
  JsonReader reader(value, file, path);
  reader.Read("name", &role.name, /*required=*/true);
  reader.Read("ranks", &role.ranks);
  if (const json* init = reader.ReadArray("init")) {
    for (std::size_t i = 0; i < init->size(); ++i) {
      LOCKSTEP_ASSIGN_OR_RETURN(
          LaunchInit step,
          DecodeInit((*init)[i], file, reader.PathOf("init") + "[" + std::to_string(i) + "]"));
      role.init.push_back(std::move(step));
    }
  }
  reader.Read("command", &role.command);
  reader.Read("env", &role.env);
  reader.Read("working_dir", &role.working_dir);
  LOCKSTEP_ASSIGN_OR_RETURN(role.mounts, DecodeMounts(reader, file));
  LOCKSTEP_RETURN_IF_ERROR(reader.Finish());
  return role;
}

}  // namespace

std::string EncodeLaunchPlan(const LaunchPlan& plan) {
  ordered_json roles = ordered_json::array();
  for (const LaunchRole& role : plan.roles) roles.push_back(EncodeRole(role));
  const ordered_json document = {
      {"job", plan.job},
      {"generation", plan.generation},
      {"roles", std::move(roles)},
      {"success", plan.success == SuccessRule::kAllRanks ? kAllRanks : kRank0},
      {"env", plan.env},
      {"job_dir", plan.job_dir},
      {"grace_ms", plan.grace.count()},
      {"deadline_ms", plan.deadline.count()},
      {"quiet", plan.quiet}};
  // Arguments need not be UTF-8; JSON must be.
  return document.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

Result<LaunchPlan> DecodeLaunchPlan(std::string_view text, std::string_view file) {
  LOCKSTEP_ASSIGN_OR_RETURN(const json document, ParseJsonObject(text, file));
  LaunchPlan plan;
  JsonReader reader(document, std::string(file), "");
  reader.Read("job", &plan.job);
  reader.Read("generation", &plan.generation);
  if (const json* roles = reader.ReadArray("roles")) {
    for (std::size_t i = 0; i < roles->size(); ++i) {
      LOCKSTEP_ASSIGN_OR_RETURN(LaunchRole role, DecodeRole((*roles)[i], std::string(file),
                                                            "roles[" + std::to_string(i) + "]"));
      plan.roles.push_back(std::move(role));
    }
  }
  std::string success(kAllRanks);
  reader.Read("success", &success);
  if (success == kRank0) {
    plan.success = SuccessRule::kRank0;
  } else if (success != kAllRanks) {
    reader.Fail("success", "'" + success + "' is unknown; use all-ranks or rank-0");
  }
  reader.Read("env", &plan.env);
  reader.Read("job_dir", &plan.job_dir);
  std::int64_t grace = plan.grace.count();
  std::int64_t deadline = plan.deadline.count();
  reader.Read("grace_ms", &grace);
  reader.Read("deadline_ms", &deadline);
  plan.grace = std::chrono::milliseconds(grace);
  plan.deadline = std::chrono::milliseconds(deadline);
  reader.Read("quiet", &plan.quiet);
  LOCKSTEP_RETURN_IF_ERROR(reader.Finish());
  LOCKSTEP_RETURN_IF_ERROR(CheckLaunchPlan(plan).WithContext(file));
  return plan;
}

}  // namespace lockstep
