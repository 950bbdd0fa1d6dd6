#include "operators/store/runtimes.h"

#include "operators/api/object.h"

namespace lockstep {

RuntimeLookup RuntimesOf(const Store& store) {
  return [&store](const std::string& kind, const std::string& namespace_,
                  const std::string& name) -> Result<Json> {
    LOCKSTEP_ASSIGN_OR_RETURN(
        const ObjectPtr object,
        store.Get({kind, namespace_.empty() ? kClusterNamespace : namespace_, name}));
    return EncodeObject(*object);
  };
}

}  // namespace lockstep
