// lockstep edit: an object in the user's editor, and back.
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include "cli/edit_text.h"
#include "cli/interrupt.h"
#include "cli/manifest.h"
#include "cli/object_client.h"
#include "cli/object_name.h"
#include "cli/verb.h"
#include "operators/api/job_kind.h"
#include "runtime/base/exit_code.h"

namespace lockstep {
namespace {

struct EditOptions {
  std::vector<std::string> object;  // KIND NAME, or KIND/NAME
  std::string namespace_ = kDefaultNamespace;
};

// A file of the user's own that stays when the edit fails.
Result<std::string> MakeFile(const ObjectKey& key) {
  std::error_code error;
  std::string path = std::filesystem::temp_directory_path(error).string();
  if (error) path = "/tmp";
  path += "/lockstep-edit-" + key.name + "-XXXXXX.yaml";
  const int fd = ::mkstemps(path.data(), 5);  // .yaml
  if (fd < 0) return ErrnoStatus("make " + path, errno);
  ::close(fd);
  return path;
}

Status WriteText(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::trunc);
  file << text;
  file.flush();
  return file ? OkStatus() : ErrnoStatus("write " + path, errno);
}

Result<std::string> ReadText(const std::string& path) {
  const std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  if (!file) return ErrnoStatus("read " + path, errno);
  return text.str();
}

// As kubectl and git do: the editor may be a command with arguments.
Status RunEditor(const std::string& path) {
  const char* editor = std::getenv("VISUAL");
  if (editor == nullptr || *editor == '\0') editor = std::getenv("EDITOR");
  if (editor == nullptr || *editor == '\0') editor = "vi";
  const std::string command = std::string(editor) + " \"$1\"";
  const pid_t pid = ::fork();
  if (pid < 0) return ErrnoStatus("start the editor", errno);
  if (pid == 0) {
    ::execl("/bin/sh", "sh", "-c", command.c_str(), "sh", path.c_str(), nullptr);
    ::_exit(kExitProgramNotFound);
  }
  // Ctrl-C is the editor's, as long as it runs.
  const auto before = std::signal(SIGINT, SIG_IGN);
  int status = 0;
  pid_t ended = 0;
  do {
    ended = ::waitpid(pid, &status, 0);
  } while (ended < 0 && errno == EINTR);
  std::signal(SIGINT, before);
  if (ended < 0) return ErrnoStatus("wait for the editor", errno);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return OkStatus();
  return FailedPrecondition("the editor '" + std::string(editor) + "' ended with exit code " +
                            std::to_string(ExitCodeOfWaitStatus(status)) +
                            ": set VISUAL or EDITOR to one that works");
}

class Edit {
 public:
  Edit(ObjectClient& client, ObjectKey key, Object object, std::string path)
      : client_(client), key_(std::move(key)), base_(std::move(object)), path_(std::move(path)) {}

  // Exit code, once it is done; the file is gone then unless it is worth keeping.
  Result<int> Run() {
    std::string yaml = EditableYaml(base_, key_.kind);
    std::vector<EditProblem> problems;
    for (;;) {
      LOCKSTEP_RETURN_IF_ERROR(WriteText(path_, EditorText(key_, problems, yaml)));
      LOCKSTEP_RETURN_IF_ERROR(RunEditor(path_));
      LOCKSTEP_ASSIGN_OR_RETURN(const std::string text, ReadText(path_));
      EditedText edited = SplitEditorText(text);
      if (edited.yaml.find_first_not_of(" \t\r\n") == std::string::npos) {
        return Done("Edit cancelled, saved file was empty.");
      }
      if (edited.yaml == yaml) {
        if (problems.empty()) return Done("Edit cancelled, no changes made.");
        return InvalidArgument("edit cancelled: what was refused was saved again as it was");
      }
      yaml = edited.yaml;
      LOCKSTEP_ASSIGN_OR_RETURN(std::optional<Object> object, Read(edited, problems));
      if (!object) continue;
      if (SameIntent(base_, *object)) return Done("Edit cancelled, no changes made.");
      LOCKSTEP_ASSIGN_OR_RETURN(const bool written, Write(*std::move(object), problems));
      if (written) return Done(TypedName(base_) + " edited");
    }
  }

 private:
  bool IsSame(const Object& object) const {
    return KeyOf(object) == KeyOf(base_) && AppliedKey(object).kind == AppliedKey(base_).kind;
  }
  int Done(const std::string& message) {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
    std::printf("%s\n", message.c_str());
    return kExitSuccess;
  }

  // The object that was saved; nullopt: `problems` says what is wrong with it.
  Result<std::optional<Object>> Read(const EditedText& edited,
                                     std::vector<EditProblem>& problems) const {
    problems.clear();
    const Result<Manifests> manifests =
        LoadManifests({path_}, {.default_namespace = key_.namespace_});
    if (!manifests.ok()) {
      problems.push_back({0, manifests.status().message()});
      return std::optional<Object>();
    }
    for (const FileFinding& found : manifests->findings) {
      const Finding& finding = found.finding;
      if (finding.severity != Finding::Severity::kError) continue;
      const int line = finding.position.line - edited.header_lines;
      problems.push_back(
          {std::max(line, 0), finding.path + (finding.path.empty() ? "" : ": ") + finding.message});
    }
    if (!problems.empty()) return std::optional<Object>();
    if (manifests->objects.size() != 1 || !IsSame(manifests->objects.front())) {
      problems.push_back({0, "this edits " + key_.ToString() +
                                 ": its kind, namespace and name stay as they are, and no other "
                                 "object goes with it; `lockstep apply` makes new ones"});
      return std::optional<Object>();
    }
    return std::optional<Object>(manifests->objects.front());
  }

  // False: it was refused, and `problems` says why.
  Result<bool> Write(Object object, std::vector<EditProblem>& problems) {
    constexpr int kConflictsMax = 20;  // each means that somebody else's write went through
    for (int attempt = 0;; ++attempt) {
      ObjectMeta meta = MetaOf(base_);
      meta.labels = MetaOf(object).labels;
      meta.annotations = MetaOf(object).annotations;
      MetaOf(object) = meta;
      const Status status = client_.Update(object).status();
      if (status.ok()) return true;
      if (status.kind() == StatusKind::kInvalidArgument) {
        problems.push_back({0, status.message()});
        return false;
      }
      if (status.kind() != StatusKind::kConflict || attempt == kConflictsMax) return status;
      LOCKSTEP_ASSIGN_OR_RETURN(Object now, client_.Get(key_));
      const bool same = SameIntent(base_, now);  // only its status has moved on
      base_ = std::move(now);
      if (same) continue;
      problems.push_back({0, "somebody else has changed it meanwhile; it is now:\n" +
                                 EditableYaml(base_, key_.kind) +
                                 "\nsave the text below, changed, to put it in place of that"});
      return false;
    }
  }

  ObjectClient& client_;
  const ObjectKey key_;
  Object base_;  // as it was read last
  const std::string path_;
};

int EditObject(const EditOptions& options, const VerbContext& context) {
  const Result<ObjectKey> key = ParseObjectName(options.object, options.namespace_);
  if (!key.ok()) return Fail(key.status());
  const Result<std::unique_ptr<Session>> session = OpenSession(context);
  if (!session.ok()) return Fail(session.status());
  ObjectClient client(**session);
  const Result<Object> object = client.Get(*key);
  if (!object.ok()) return Fail(object.status());
  const Result<std::string> path = MakeFile(*key);
  if (!path.ok()) return Fail(path.status());
  OnInterruptSay("interrupted; nothing was changed. What you have saved is in " + *path);
  const Result<int> code = Edit(client, *key, *object, *path).Run();
  if (code.ok()) return *code;
  const int failed = Fail(code.status());
  std::fprintf(stderr, "lockstep: what you have saved is in %s\n", path->c_str());
  return failed;
}

}  // namespace

void AddEditVerb(CLI::App& app, VerbContext& context) {
  auto options = std::make_shared<EditOptions>();
  CLI::App* verb = app.add_subcommand("edit", "Change one object in your editor");
  verb->footer(
      "The editor is $VISUAL, else $EDITOR, else vi.\n\n"
      "Example:\n  EDITOR='code --wait' lockstep edit exp/random");
  verb->add_option("object", options->object, "KIND NAME, or KIND/NAME")
      ->required()
      ->expected(1, 2);
  verb->add_option("-n,--namespace", options->namespace_, "Namespace");
  verb->callback([options, &context] {
    OnInterruptSay("interrupted; nothing was changed");
    context.exit_code = EditObject(*options, context);
  });
}

}  // namespace lockstep
