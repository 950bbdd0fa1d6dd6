// plan.json, the text form of a LaunchPlan. Fields are named as in launch_plan.h; durations end in
// _ms.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "launcher/json_reader.h"
#include "launcher/launch_plan.h"

namespace lockstep {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr char kMounts[] = "mounts";

// The names of an enumeration, in its order; the first is its default.
constexpr std::array<std::string_view, 4> kSuccess = {"all-ranks", "rank-0", "first-role",
                                                      "any-rank"};
constexpr std::array<std::string_view, 4> kRestart = {"on-failure", "always", "never", "exit-code"};
constexpr std::array<std::string_view, 2> kVariables = {"all", "lockstep"};

template <class Enum, std::size_t n>
void ReadName(JsonReader* reader, const char* field, const std::array<std::string_view, n>& names,
              Enum* out) {
  std::string name(names[0]);
  reader->Read(field, &name);
  const auto found = std::ranges::find(names, name);
  *out = static_cast<Enum>(found - names.begin());
  if (found != names.end()) return;
  std::string all;
  for (const std::string_view each : names) {
    all.append(all.empty() ? "" : each == names.back() ? " or " : ", ").append(each);
  }
  reader->Fail(field, "'" + name + "' is unknown; use " + all);
}

template <class Enum, std::size_t n>
std::string_view NameOf(const std::array<std::string_view, n>& names, Enum value) {
  return names[static_cast<std::size_t>(value)];
}

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
  reader.Read("every_rank", &init.every_rank);
  reader.Read("root", &init.root);
  reader.Read("container", &init.container);
  reader.Read("image", &init.image);
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
  if (init.every_rank) object["every_rank"] = true;
  if (init.linger.count() != 0) object["linger_ms"] = init.linger.count();
  if (!init.root.empty()) object["root"] = init.root;
  if (init.container) object["container"] = true;
  if (!init.image.empty()) object["image"] = init.image;
  return object;
}

ordered_json EncodeFiles(const std::vector<LaunchFile>& files) {
  ordered_json list = ordered_json::array();
  for (const LaunchFile& file : files) {
    list.push_back({{"path", file.path}, {"text", file.text}, {"mode", file.mode}});
  }
  return list;
}

Result<std::vector<LaunchFile>> DecodeFiles(JsonReader& reader, const std::string& file_name) {
  std::vector<LaunchFile> files;
  const json* list = reader.ReadArray("files");
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    LaunchFile& file = files.emplace_back();
    JsonReader fields((*list)[i], file_name,
                      reader.PathOf("files") + "[" + std::to_string(i) + "]");
    fields.Read("path", &file.path, /*required=*/true);
    fields.Read("text", &file.text, /*required=*/true);
    fields.Read("mode", &file.mode);
    LOCKSTEP_RETURN_IF_ERROR(fields.Finish());
  }
  return files;
}

ordered_json EncodeLentHosts(const std::vector<LentHosts>& lent_hosts) {
  ordered_json list = ordered_json::array();
  for (const LentHosts& lent : lent_hosts) {
    list.push_back({{"role", lent.role}, {"count", lent.count}, {"host_names", lent.host_names}});
  }
  return list;
}

Result<std::vector<LentHosts>> DecodeLentHosts(JsonReader& reader, const std::string& file) {
  std::vector<LentHosts> lent_hosts;
  const json* list = reader.ReadArray("lent_hosts");
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    LentHosts& lent = lent_hosts.emplace_back();
    JsonReader fields((*list)[i], file, "lent_hosts[" + std::to_string(i) + "]");
    fields.Read("role", &lent.role, /*required=*/true);
    fields.Read("count", &lent.count);
    fields.Read("host_names", &lent.host_names);
    LOCKSTEP_RETURN_IF_ERROR(fields.Finish());
  }
  return lent_hosts;
}

ordered_json EncodeRole(const LaunchRole& role) {
  ordered_json init = ordered_json::array();
  for (const LaunchInit& step : role.init) init.push_back(EncodeInit(step));
  ordered_json object = {{"name", role.name},       {"ranks", role.ranks},
                         {"init", std::move(init)}, {"command", role.command},
                         {"env", role.env},         {"working_dir", role.working_dir}};
  if (!role.mounts.empty()) object[kMounts] = EncodeMounts(role.mounts);
  if (role.restart != RestartRule::kOnFailure) object["restart"] = NameOf(kRestart, role.restart);
  if (!role.host_names.empty()) object["host_names"] = role.host_names;
  if (role.port != 0) object["port"] = role.port;
  if (!role.root.empty()) object["root"] = role.root;
  if (role.container) object["container"] = true;
  if (!role.image.empty()) object["image"] = role.image;
  if (!role.files.empty()) object["files"] = EncodeFiles(role.files);
  if (!role.devices.empty()) object["devices"] = role.devices;
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
  reader.Read("devices", &role.devices);
  LOCKSTEP_ASSIGN_OR_RETURN(role.mounts, DecodeMounts(reader, file));
  ReadName(&reader, "restart", kRestart, &role.restart);
  reader.Read("host_names", &role.host_names);
  reader.Read("port", &role.port);
  reader.Read("root", &role.root);
  reader.Read("container", &role.container);
  reader.Read("image", &role.image);
  LOCKSTEP_ASSIGN_OR_RETURN(role.files, DecodeFiles(reader, file));
  LOCKSTEP_RETURN_IF_ERROR(reader.Finish());
  return role;
}

}  // namespace

std::string EncodeLaunchPlan(const LaunchPlan& plan) {
  ordered_json roles = ordered_json::array();
  for (const LaunchRole& role : plan.roles) roles.push_back(EncodeRole(role));
  ordered_json document = {{"job", plan.job},
                           {"generation", plan.generation},
                           {"roles", std::move(roles)},
                           {"success", NameOf(kSuccess, plan.success)},
                           {"env", plan.env},
                           {"job_dir", plan.job_dir},
                           {"grace_ms", plan.grace.count()},
                           {"deadline_ms", plan.deadline.count()},
                           {"quiet", plan.quiet}};
  if (!plan.lent_hosts.empty()) document["lent_hosts"] = EncodeLentHosts(plan.lent_hosts);
  if (plan.rank_variables != RankVariables::kAll) {
    document["rank_variables"] = NameOf(kVariables, plan.rank_variables);
  }
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
  ReadName(&reader, "success", kSuccess, &plan.success);
  LOCKSTEP_ASSIGN_OR_RETURN(plan.lent_hosts, DecodeLentHosts(reader, std::string(file)));
  ReadName(&reader, "rank_variables", kVariables, &plan.rank_variables);
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
