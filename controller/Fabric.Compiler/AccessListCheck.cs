using Fabric.Intent;
using Fabric.Intent.Resources;
using Fabric.Intent.Validation;
using Fabric.SoftGate.AccessLists;

namespace Fabric.Compiler;

/// <summary>Refuses access lists that would compile to more than a SoftGate has room for: by the compiler that SoftGates use.</summary>
public sealed class AccessListCheck : IResourceCheck
{
    /// <inheritdoc/>
    public IEnumerable<(string Pointer, string Message)> Check(Resource resource) =>
        resource.Spec is AclListSpec && !AccessListCompiler.TryCompile(SoftGateCompiler.List(resource), out _, out var refusal) ? [("/spec/rules", refusal.Detail)] : [];
}
