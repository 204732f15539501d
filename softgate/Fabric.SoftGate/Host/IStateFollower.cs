using Fabric.SoftGate.Contracts;

namespace Fabric.SoftGate.Host;

/// <summary>A part of the agent that does something for each state. Called on the agent's loop, after the maps have it.</summary>
internal interface IStateFollower
{
    /// <summary>A state is in force.</summary>
    void Follow(SoftGateState state);
}
