#include "runtime/comm/open_communicator.h"

#include <utility>

#include "runtime/comm/mpi_communicator.h"
#include "runtime/comm/shm_communicator.h"
#include "runtime/comm/thread_communicator.h"

namespace lockstep {
namespace {

enum class Transport : std::uint8_t { kAlone, kShm, kMpi };

struct Choice {
  Transport transport;
  std::string why;
};

std::string Ranks(const JobEnv& env) { return std::to_string(env.world_size) + " ranks"; }

Result<Choice> ChooseShm(const JobEnv& env) {
  if (env.nodes != 1 || env.local_world_size != env.world_size)
    return FailedPrecondition("shm works on one host, but " +
                              std::string(LauncherName(env.launcher)) + " started " + Ranks(env) +
                              " on " + std::to_string(env.nodes) + " hosts, " +
                              std::to_string(env.local_world_size) +
                              " of them on this one: start them with mpirun, or all on one host");
  return Choice{Transport::kShm, "shm: " + Ranks(env) + " on this host"};
}

// Pure: what the launcher and the user said decides.
Result<Choice> Choose(const JobEnv& env, const std::string& wanted) {
  const std::string launcher(LauncherName(env.launcher));
  if (wanted != "auto" && wanted != "shm" && wanted != "mpi")
    return InvalidArgument("unknown transport '" + wanted + "': use auto, shm or mpi");
  if (wanted == "mpi") return Choice{Transport::kMpi, "mpi: " + Ranks(env) + ", as asked for"};
  if (wanted == "shm") return ChooseShm(env);
  if (env.launcher == LauncherKind::kOpenMpi || env.launcher == LauncherKind::kPmi)
    return Choice{Transport::kMpi, "mpi: " + Ranks(env) + " started by " + launcher};
  if (env.world_size == 1) return Choice{Transport::kAlone, "alone: one rank"};
  if (env.launcher == LauncherKind::kSlurm && env.nodes > 1)
    return Choice{Transport::kMpi,
                  "mpi: " + Ranks(env) + " on " + std::to_string(env.nodes) + " hosts by Slurm"};
  return ChooseShm(env);
}

// The same on all ranks of one generation of a job, and on no others of this host.
std::string KeyOf(const JobEnv& env) {
  return env.job + "/" + std::to_string(env.generation) + "/" + env.rendezvous + "/" +
         env.master_addr + ":" + std::to_string(env.master_port);
}

}  // namespace

Result<OpenedCommunicator> OpenCommunicator(const JobEnv& env, const CommunicatorOptions& options) {
  LOCKSTEP_ASSIGN_OR_RETURN(const Choice choice, Choose(env, options.transport));
  Result<std::unique_ptr<Communicator>> opened = [&]() -> Result<std::unique_ptr<Communicator>> {
    switch (choice.transport) {
      case Transport::kAlone: return std::move(MakeThreadCommunicators(1)[0]);
      case Transport::kShm:
        return OpenShmCommunicator(KeyOf(env), env.rank, env.world_size, options.open_deadline);
      case Transport::kMpi: return OpenMpiCommunicator(env.rank, env.world_size);
    }
    CHECK(false) << "transport " << static_cast<int>(choice.transport);
  }();
  if (!opened.ok()) return opened.status().WithContext("open " + choice.why);
  return OpenedCommunicator{std::move(opened).value(), choice.why};
}

}  // namespace lockstep
