// lockstep delete: removes objects and all that belongs to them, and waits until they are gone.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "cli/interrupt.h"
#include "cli/manifest.h"
#include "cli/object_client.h"
#include "cli/object_name.h"
#include "cli/verb.h"
#include "runtime/base/clock.h"
#include "runtime/base/exit_code.h"

namespace lockstep {
namespace {

struct DeleteOptions {
  std::vector<std::string> object;  // KIND NAME, or KIND/NAME
  std::vector<std::string> files;
  std::string namespace_ = kDefaultNamespace;
  bool ignore_not_found = false;
};

// Longer than any job's grace period is meant to be.
constexpr std::chrono::minutes kGoneDeadline(10);

Result<std::vector<ObjectKey>> KeysOf(const DeleteOptions& options) {
  std::vector<ObjectKey> keys;
  if (!options.files.empty()) {
    if (!options.object.empty()) return InvalidArgument("name either an object or a file");
    LOCKSTEP_ASSIGN_OR_RETURN(
        const Manifests manifests,
        LoadManifests(options.files, {.default_namespace = options.namespace_}));
    if (manifests.objects.empty()) {
      return InvalidArgument(FormatFileFinding(manifests.findings.front()));
    }
    for (const Object& object : manifests.objects) keys.push_back(KeyOf(object));
    std::ranges::stable_partition(  // what others read goes after them
        keys, [](const ObjectKey& key) { return key.kind != ConfigMap::kKind; });
    return keys;
  }
  LOCKSTEP_ASSIGN_OR_RETURN(ObjectKey key, ParseObjectName(options.object, options.namespace_));
  keys.push_back(std::move(key));
  return keys;
}

Status DeleteAndWait(ObjectClient& client, const ObjectKey& key) {
  LOCKSTEP_RETURN_IF_ERROR(client.Delete(key));
  OnInterruptSay("no longer waiting; " + key.ToString() +
                 " goes on being deleted. Wait again with `lockstep wait " + key.kind + "/" +
                 key.name + (key.namespace_ == kDefaultNamespace ? "" : " -n " + key.namespace_) +
                 " --for=delete`");
  const MonotonicTime end = SystemClock().Monotonic() + kGoneDeadline;
  for (;;) {
    const Status status = client.Get(key).status();
    if (status.kind() == StatusKind::kNotFound) return OkStatus();
    LOCKSTEP_RETURN_IF_ERROR(status);
    if (SystemClock().Monotonic() >= end) {
      return DeadlineExceeded(key.ToString() +
                              " is still being deleted: its processes do not end; see `lockstep "
                              "describe` and operator.log");
    }
    SystemClock().SleepFor(std::chrono::milliseconds(20));
  }
}

int Delete(const DeleteOptions& options, const VerbContext& context) {
  if (options.files.empty() && options.object.empty()) {
    Fail(InvalidArgument("name what to delete: KIND NAME, or -f FILE"));
    return kExitUsage;
  }
  const Result<std::vector<ObjectKey>> keys = KeysOf(options);
  if (!keys.ok()) return Fail(keys.status());
  const Result<std::unique_ptr<Session>> session = OpenSession(context);
  if (!session.ok()) return Fail(session.status());
  ObjectClient client(**session);
  int code = kExitSuccess;
  for (const ObjectKey& key : *keys) {
    const Status status = DeleteAndWait(client, key);
    if (options.ignore_not_found && status.kind() == StatusKind::kNotFound) continue;
    if (status.ok()) {
      std::printf("%s deleted\n", key.ToString().c_str());
      std::fflush(stdout);
    } else {
      code = Fail(status);
    }
  }
  return code;
}

}  // namespace

void AddDeleteVerb(CLI::App& app, VerbContext& context) {
  auto options = std::make_shared<DeleteOptions>();
  CLI::App* verb = app.add_subcommand("delete", "Delete objects; their processes are ended first");
  verb->add_option("object", options->object, "KIND NAME, or KIND/NAME")->expected(1, 2);
  verb->add_option("-f,--filename", options->files, "The objects in files or directories");
  verb->add_option("-n,--namespace", options->namespace_, "Namespace");
  verb->add_flag("--ignore-not-found", options->ignore_not_found, "What is not there is no error");
  verb->callback([options, &context] {
    OnInterruptSay("interrupted; delete again to be sure");
    context.exit_code = Delete(*options, context);
  });
}

}  // namespace lockstep
