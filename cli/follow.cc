#include "cli/follow.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>

#include "cli/follow_table.h"
#include "cli/interrupt.h"
#include "cli/object_state.h"
#include "cli/screen.h"
#include "cli/verb.h"
#include "runtime/base/clock.h"
#include "runtime/base/exit_code.h"

namespace lockstep {
namespace {

constexpr std::chrono::milliseconds kRefresh(400);

FollowScreen FollowScreenNow() {
  FollowScreen screen;
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
    screen.width = size.ws_col;
    screen.height = size.ws_row;
  }
  screen.color = OutputScreen().color;
  return screen;
}

// Draws over what it drew last, in one write, so that nothing flickers.
class LiveTable {
 public:
  void Draw(const FollowView& view) {
    std::string text;
    if (drawn_ > 0) text += "\033[" + std::to_string(drawn_) + "A";
    const std::vector<std::string> lines = RenderFollowTable(view, FollowScreenNow());
    for (const std::string& line : lines) text += "\r\033[K" + line + "\n";
    text += "\033[J";
    drawn_ = lines.size();
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
  }

 private:
  std::size_t drawn_ = 0;
};

Result<std::vector<Trial>> TrialsOf(ObjectClient& client, const ObjectKey& key) {
  LOCKSTEP_ASSIGN_OR_RETURN(
      const std::vector<Object> objects,
      client.List({Trial::kKind, key.namespace_, {{kExperimentLabel, key.name}}}));
  std::vector<Trial> trials;
  trials.reserve(objects.size());
  for (const Object& object : objects) trials.push_back(std::get<Trial>(object));
  return trials;
}

}  // namespace

int FollowExperiment(ObjectClient& client, const ObjectKey& key) {
  const std::string in = key.namespace_ == "default" ? "" : " -n " + key.namespace_;
  OnInterruptSay(
      "no longer following; the Experiment goes on. Come back with `lockstep get trials " +
      ("-l " + std::string(kExperimentLabel) + "=" + key.name) + in +
      " -w` or apply it again with --follow; end it with `lockstep delete experiment " + key.name +
      in + "`");
  const bool live = OutputScreen().live;
  LiveTable table;
  FollowView before;
  for (;;) {
    // The Experiment first: once it has ended, no trial changes any more.
    const Result<Object> object = client.Get(key);
    if (!object.ok()) return Fail(object.status());
    const Result<std::vector<Trial>> trials = TrialsOf(client, key);
    if (!trials.ok()) return Fail(trials.status());
    const auto& experiment = std::get<Experiment>(*object);
    FollowView view = MakeFollowView(experiment, *trials, SystemClock().Now());
    if (live) {
      table.Draw(view);
    } else {
      for (const std::string& line : RenderFollowChanges(before, view)) std::puts(line.c_str());
      std::fflush(stdout);
    }
    if (IsFinished(*object)) {
      std::fputs(RenderFollowEnd(experiment, view).c_str(), stdout);
      std::fflush(stdout);
      return view.state == "Succeeded" ? kExitSuccess : kExitFailed;
    }
    before = std::move(view);
    SystemClock().SleepFor(kRefresh);
  }
}

}  // namespace lockstep
