#include "cli/verb.h"

#include <cstdio>
#include <filesystem>
#include <system_error>

#include "cli/operator_start.h"
#include "runtime/base/exit_code.h"

namespace lockstep {

namespace {

std::string CurrentDirectory() {
  std::error_code error;
  return std::filesystem::current_path(error).string();
}

// The flags alone, understood: a relative path is one of here, wherever the operator starts.
Result<OperatorConfig> FlagsOf(const VerbContext& context) {
  OperatorConfig flags;
  LOCKSTEP_RETURN_IF_ERROR(
      AddFlags(context.image_map_flags, context.runtime_flag, CurrentDirectory(), flags));
  LOCKSTEP_RETURN_IF_ERROR(CheckImageMap(flags));
  return flags;
}

std::vector<std::string> ArgumentsOf(const OperatorConfig& flags) {
  std::vector<std::string> arguments;
  for (const auto& [image, target] : flags.image_map) {
    arguments.insert(arguments.end(), {"--image-map", image + "=" + target});
  }
  if (flags.podman) {
    arguments.insert(arguments.end(), {"--runtime", *flags.podman ? "podman" : "process"});
  }
  return arguments;
}

// One operator has the directory, with the settings it was started with.
Status CheckSettings(const OperatorConfig& flags, const StateDir& dir, const Json& version) {
  Json wanted = EncodeSettings(flags, nullptr);
  const Json running = version.value("settings", Json::object());
  if (wanted.contains("imageMap") && running.contains("imageMap")) {
    Json all = running["imageMap"];  // what config.yaml adds is not asked for
    all.update(wanted["imageMap"]);
    wanted["imageMap"] = std::move(all);
  }
  const std::string differ = SettingsThatDiffer(wanted, running);
  if (differ.empty()) return OkStatus();
  const std::string pid = version.value("pid", Json()).dump();
  return FailedPrecondition("the operator of " + dir.path + " (pid " + pid +
                            ") runs already, with other settings: " + differ + "; stop it (kill " +
                            pid +
                            "; its jobs go on) and try again, leave the flags out, or choose "
                            "another --state-dir");
}

}  // namespace

Result<std::vector<std::string>> OperatorArguments(const VerbContext& context) {
  LOCKSTEP_ASSIGN_OR_RETURN(const OperatorConfig flags, FlagsOf(context));
  return ArgumentsOf(flags);
}

Result<OperatorConfig> FindOperatorConfig(const VerbContext& context) {
  LOCKSTEP_ASSIGN_OR_RETURN(OperatorConfig config, ReadOperatorConfig(ProcessEnv()));
  LOCKSTEP_RETURN_IF_ERROR(
      AddFlags(context.image_map_flags, context.runtime_flag, CurrentDirectory(), config));
  LOCKSTEP_RETURN_IF_ERROR(CheckImageMap(config));
  return config;
}

Result<std::unique_ptr<Session>> OpenSession(const VerbContext& context) {
  LOCKSTEP_ASSIGN_OR_RETURN(StateDir dir, FindStateDir(context.state_dir_flag, ProcessEnv()));
  LOCKSTEP_ASSIGN_OR_RETURN(const OperatorConfig flags, FlagsOf(context));
  SessionOptions options;
  options.state_dir = std::move(dir);
  options.version = LOCKSTEP_VERSION;
  options.start = [arguments = ArgumentsOf(flags)](const StateDir& state_dir,
                                                   std::chrono::milliseconds deadline) {
    return StartDetachedOperator(state_dir, "/proc/self/exe", deadline, arguments);
  };
  options.check = [flags, dir = options.state_dir](const Json& version) {
    return CheckSettings(flags, dir, version);
  };
  return std::make_unique<Session>(std::move(options));
}

int ExitCodeOfStatus(const Status& status) {
  switch (status.kind()) {
    case StatusKind::kOk: return kExitSuccess;
    case StatusKind::kNotFound: return kExitNotFound;
    case StatusKind::kInvalidArgument:
    case StatusKind::kConflict:
    case StatusKind::kAlreadyExists: return kExitInvalid;
    case StatusKind::kDeadlineExceeded: return kExitTimedOut;
    default: return kExitFailed;
  }
}

int Fail(const Status& status) {
  std::fflush(stdout);
  std::fprintf(stderr, "lockstep: %s\n", status.message().c_str());
  return ExitCodeOfStatus(status);
}

}  // namespace lockstep
